# instance/: what runs. Knows core/ and below.
noinst_LIBRARIES += libinstance.a
libinstance_a_SOURCES = \
	%D%/connection.c %D%/connection.h \
	%D%/manager.h \
	%D%/oneshot.c %D%/oneshot.h \
	%D%/order.c %D%/order.h \
	%D%/properties.c %D%/properties.h \
	%D%/sentence.c %D%/sentence.h \
	%D%/service.c %D%/service.h \
	%D%/systemd.c %D%/systemd.h \
	%D%/watch.c %D%/watch.h

# What tests/integration/test_manager.py runs inside a machine.
noinst_PROGRAMS += tests/integration/manager-probe
tests_integration_manager_probe_SOURCES = tests/integration/manager-probe.c ctl/permit.c ctl/permit.h
tests_integration_manager_probe_LDADD = libinstance.a $(STORE_LIBS)
EXTRA_DIST += tests/integration/test_manager.py
