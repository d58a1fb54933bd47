# notify/: who is told, and asked. Knows core/ and below.
noinst_LIBRARIES += libnotify.a
libnotify_a_SOURCES =
