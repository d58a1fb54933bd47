# traffic/: who gets requests. Knows core/ and below.
noinst_LIBRARIES += libtraffic.a
libtraffic_a_SOURCES = \
	%D%/connection.c %D%/connection.h \
	%D%/haproxy.c %D%/haproxy.h \
	%D%/haproxy-algorithm.c %D%/haproxy-algorithm.h \
	%D%/haproxy-balancer.c %D%/haproxy-balancer.h \
	%D%/haproxy-command.c %D%/haproxy-command.h \
	%D%/haproxy-elders.c %D%/haproxy-elders.h \
	%D%/haproxy-info.c %D%/haproxy-info.h \
	%D%/haproxy-look.c %D%/haproxy-look.h \
	%D%/haproxy-names.c %D%/haproxy-names.h \
	%D%/haproxy-routes.c %D%/haproxy-routes.h \
	%D%/haproxy-server.c %D%/haproxy-server.h \
	%D%/haproxy-stats.c %D%/haproxy-stats.h \
	%D%/haproxy-table.c %D%/haproxy-table.h \
	%D%/router.h \
	%D%/tcp-count.c %D%/tcp-count.h
