# notify/: who is told, and asked. Knows provider/ and below.
noinst_LIBRARIES += libnotify.a
libnotify_a_SOURCES = %D%/catalog.h %D%/hook.c %D%/hook.h %D%/journal.c %D%/journal.h
