# spec/: what the operator wants. Knows analysis/ and common/.
noinst_LIBRARIES += libspec.a
libspec_a_SOURCES =
