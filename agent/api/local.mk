# api/: who may ask. Knows core/ and below.
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES =
