# client/: the API client of rolloutctl and rollout-web. Knows common/ only.
noinst_LIBRARIES += libclient.a
libclient_a_SOURCES =
