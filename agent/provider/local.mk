# provider/: where a measurement comes from. Knows the rooms beside core/, and below.
noinst_LIBRARIES += libprovider.a
libprovider_a_SOURCES =
