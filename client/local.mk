# client/: the API client of rolloutctl and rollout-web. Knows common/ only.
noinst_LIBRARIES += libclient.a
libclient_a_SOURCES = \
	%D%/client.c %D%/client.h \
	%D%/sse.c %D%/sse.h
