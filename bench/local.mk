# What we measure, see README.md here. Built and run by `make bench` (as root, for its throw-away machine); installed never.
BENCHES = %D%/pass %D%/floor %D%/minimal-loop
EXTRA_PROGRAMS += $(BENCHES)
CLEANFILES += $(BENCHES)
EXTRA_DIST += %D%/README.md %D%/analysis.py %D%/in-machine.py %D%/run

%C%_pass_SOURCES = %D%/pass.c
%C%_pass_LDADD = $(STORE_LIBS)

# Links what the agent links, all of it, whatever of it is called.
%C%_floor_SOURCES = %D%/floor.c
%C%_floor_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-as-needed
%C%_floor_LDADD = $(SYSTEMD_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS) $(CJSON_LIBS) $(MICROHTTPD_LIBS) $(INIH_LIBS)

%C%_minimal_loop_SOURCES = %D%/minimal-loop.c

bench: $(BENCHES)
	$(srcdir)/%D%/run %D%
.PHONY: bench
