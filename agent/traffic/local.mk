# traffic/: who gets requests. Knows core/ and below.
noinst_LIBRARIES += libtraffic.a
libtraffic_a_SOURCES =
