# rolloutctl: a table of verbs, a file per family of verbs. Knows client/, common/ and, for lint, logs and permit, core/, spec/, store/,
# traffic/, provider/ and notify/.
bin_PROGRAMS += rolloutctl
rolloutctl_SOURCES = \
	%D%/act.c \
	%D%/analyze.c \
	%D%/completion.c \
	%D%/ctl.h \
	%D%/findings.c %D%/findings.h \
	%D%/haproxy-ask.c \
	%D%/haproxy-config.c %D%/haproxy-config.h \
	%D%/haproxy-facts.c %D%/haproxy-facts.h \
	%D%/haproxy-traps.c \
	%D%/help.c \
	%D%/init.c %D%/init.h %D%/init-texts.c \
	%D%/lint.c %D%/lint.h %D%/lint-haproxy.c %D%/lint-host.c \
	%D%/logs.c \
	%D%/main.c \
	%D%/options.c \
	%D%/past.c \
	%D%/people.c %D%/people.h \
	%D%/permit.c %D%/permit.h \
	%D%/plan.c \
	%D%/run-view.c \
	%D%/show.c \
	%D%/talk.c \
	%D%/tree.c %D%/tree.h \
	%D%/verbs.c \
	%D%/watch.c \
	%D%/writer.c %D%/writer.h
rolloutctl_LDADD = libclient.a $(NOTIFY_LIBS)

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = %D%/completion/rolloutctl
