# The simulator drives libagent.a against a simulated host in virtual time.
EXTRA_PROGRAMS += %D%/simulate
CLEANFILES += %D%/simulate$(EXEEXT)
dist_check_SCRIPTS += %D%/check.sh %D%/mutations.sh
%D%/check.log: %D%/simulate$(EXEEXT)
%D%/mutations.log: %D%/check.log
EXTRA_DIST += %D%/found %D%/mutations
tests_simulate_simulate_SOURCES = \
	%D%/clock.c %D%/clock.h \
	%D%/disk.c %D%/disk.h \
	%D%/draw.c %D%/draw.h %D%/sites.h \
	%D%/example.c %D%/example.h \
	%D%/exchange.c %D%/exchange.h \
	%D%/haproxy.c %D%/haproxy.h \
	%D%/files.c %D%/files.h \
	%D%/hands.c %D%/hands.h \
	%D%/hooks.c %D%/hooks.h \
	%D%/host.c %D%/host.h \
	%D%/main.c \
	%D%/metrics.c \
	%D%/operator.c \
	%D%/oracle.h %D%/oracle-adopt.c %D%/oracle-commits.c %D%/oracle-hooks.c %D%/oracle-orders.c \
	%D%/oracle-quiet.c %D%/oracle-rest.c %D%/oracle-routes.c %D%/oracle-shares.c %D%/oracle-windows.c \
	%D%/requests.c \
	%D%/routes.c %D%/routes.h \
	%D%/run-one.c %D%/run-one.h \
	%D%/scenario.c %D%/scenario.h \
	%D%/script.c %D%/script.h \
	%D%/sim.h \
	%D%/trace.c %D%/trace.h \
	%D%/units.c %D%/units.h \
	%D%/weather.c \
	%D%/windows.c %D%/windows.h
tests_simulate_simulate_LDADD = libagent.a libtraffic.a $(STORE_LIBS)
tests_simulate_simulate_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=spec_parse,--wrap=spec_free
