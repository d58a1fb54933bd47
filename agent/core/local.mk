# core/: the pure decision. Knows spec/, analysis/ and common/.
noinst_LIBRARIES += libcore.a
libcore_a_SOURCES =
