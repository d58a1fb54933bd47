# instance/: what runs. Knows core/ and below.
noinst_LIBRARIES += libinstance.a
libinstance_a_SOURCES =
