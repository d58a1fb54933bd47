# provider/: where a measurement comes from. Knows the rooms beside core/, and below.
noinst_LIBRARIES += libprovider.a
libprovider_a_SOURCES = \
	%D%/haproxy.c %D%/haproxy.h \
	%D%/haproxy-measure.c %D%/haproxy-measure.h \
	%D%/host.c %D%/host.h \
	%D%/http.c %D%/http.h \
	%D%/http-failure.c %D%/http-failure.h \
	%D%/job.c %D%/job.h \
	%D%/job-journal.c %D%/job-journal.h \
	%D%/prometheus.c %D%/prometheus.h \
	%D%/prometheus-answer.c %D%/prometheus-answer.h \
	%D%/provider.c %D%/provider.h \
	%D%/secret.c %D%/secret.h \
	%D%/setting-kinds.c \
	%D%/settings.c %D%/settings.h \
	%D%/web.c %D%/web.h \
	%D%/web-answer.c %D%/web-answer.h
