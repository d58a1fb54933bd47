# store/: what must survive. Knows core/ and below.
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES =
