# rolloutctl: a table of verbs, a file per family of verbs. Knows client/, common/ and, for lint, spec/.
# bin_PROGRAMS += rolloutctl
# rolloutctl_SOURCES = %D%/main.c
# rolloutctl_LDADD = $(CLIENT_LIBS) $(SPEC_LIBS)
