# common/: no domain word in it; knows nobody.
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES =
