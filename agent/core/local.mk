# core/: the pure decision. Knows spec/, analysis/ and common/.
noinst_LIBRARIES += libcore.a
libcore_a_SOURCES = \
	%D%/command.h %D%/decide.h %D%/explain.h %D%/model.h \
	%D%/words.c %D%/words.h
