# common/: no domain word in it; knows nobody.
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES = \
	%D%/address.c %D%/address.h \
	%D%/buffer.c %D%/buffer.h \
	%D%/cleanup.h \
	%D%/credential.c %D%/credential.h \
	%D%/digest.c %D%/digest.h \
	%D%/error.c %D%/error.h \
	%D%/files.c %D%/files.h %D%/remove-tree.c \
	%D%/journal.c %D%/journal.h \
	%D%/json.c %D%/json.h %D%/json-syntax.c %D%/json-syntax.h \
	%D%/json-writer.c %D%/json-writer.h \
	%D%/log.c %D%/log.h \
	%D%/string-table.h \
	%D%/text.c %D%/text.h \
	%D%/time.h \
	%D%/timespan.c %D%/timespan.h \
	%D%/timestamp.c %D%/timestamp.h \
	%D%/zone.c %D%/zone.h %D%/zone-rule.c %D%/zone-rule.h
