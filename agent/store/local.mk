# store/: what must survive. Knows core/ and below.
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = \
	%D%/fields.c %D%/fields.h \
	%D%/run-json.c %D%/run-json.h \
	%D%/state-json.c %D%/state-json.h \
	%D%/store.h
