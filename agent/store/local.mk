# store/: what must survive. Knows core/ and below.
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = \
	%D%/environment.c %D%/environment.h \
	%D%/fields.c %D%/fields.h \
	%D%/file-store.c %D%/file-store.h \
	%D%/folders.h \
	%D%/metric-json.c %D%/metric-json.h \
	%D%/place.c \
	%D%/prune.c \
	%D%/revision.c \
	%D%/run-json.c %D%/run-json.h \
	%D%/state-json.c %D%/state-json.h \
	%D%/store.h
