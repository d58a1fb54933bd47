# notify/: who is told. Knows core/, spec/, analysis/ and common/.
noinst_LIBRARIES += libnotify.a
libnotify_a_SOURCES = %D%/catalog.h %D%/journal.c %D%/journal.h
