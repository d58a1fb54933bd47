# instance/: what runs. Knows core/ and below.
noinst_LIBRARIES += libinstance.a
libinstance_a_SOURCES = \
	%D%/connection.c %D%/connection.h \
	%D%/manager.h \
	%D%/order.c %D%/order.h \
	%D%/properties.c %D%/properties.h \
	%D%/sentence.c %D%/sentence.h \
	%D%/systemd.c %D%/systemd.h \
	%D%/watch.c %D%/watch.h
