# Fuzz targets: fuzz-NAME.c holds LLVMFuzzerTestOneInput. With --enable-fuzzing libFuzzer drives them; without, replay.c
# does, with the seeds in seeds/NAME/, as an ordinary test.
if FUZZING
FUZZ_LIBS = $(FUZZ_LDFLAGS)
EXTRA_PROGRAMS += $(FUZZ_TARGETS)
else
FUZZ_LIBS = libreplay.a
check_LIBRARIES += libreplay.a
check_PROGRAMS += $(FUZZ_TARGETS)
endif
libreplay_a_SOURCES = %D%/replay.c

FUZZ_TARGETS += %D%/fuzz-json
tests_fuzz_fuzz_json_SOURCES = %D%/fuzz-json.c
tests_fuzz_fuzz_json_LDADD = $(COMMON_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += %D%/seeds/json

FUZZ_TARGETS += %D%/fuzz-zone
tests_fuzz_fuzz_zone_SOURCES = %D%/fuzz-zone.c
tests_fuzz_fuzz_zone_LDADD = $(COMMON_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/zone/,counts cut first-part-only half-hour half-hour-summer listed rule southern-rule utc)

FUZZ_TARGETS += %D%/fuzz-prometheus %D%/fuzz-web-answer
tests_fuzz_fuzz_prometheus_SOURCES = %D%/fuzz-prometheus.c
tests_fuzz_fuzz_prometheus_LDADD = $(PROVIDER_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/prometheus/,empty error histogram matrix number scalar string too-large truncated vector warnings)
tests_fuzz_fuzz_web_answer_SOURCES = %D%/fuzz-web-answer.c
tests_fuzz_fuzz_web_answer_LDADD = $(PROVIDER_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/web-answer/,binary cut json nul number text)

# analysis/
FUZZ_TARGETS += %D%/fuzz-condition
tests_fuzz_fuzz_condition_SOURCES = %D%/fuzz-condition.c
tests_fuzz_fuzz_condition_LDADD = $(ANALYSIS_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/condition/,baseline broken chain cut-escape matches mixed not-a-number \
	numbers predicate threshold)

FUZZ_TARGETS += %D%/fuzz-jsonpath
tests_fuzz_fuzz_jsonpath_SOURCES = %D%/fuzz-jsonpath.c
tests_fuzz_fuzz_jsonpath_LDADD = $(ANALYSIS_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/jsonpath/,broken descendants escapes filter functions logic slices unions)

FUZZ_TARGETS += %D%/fuzz-pattern
tests_fuzz_fuzz_pattern_SOURCES = %D%/fuzz-pattern.c
tests_fuzz_fuzz_pattern_LDADD = $(ANALYSIS_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/pattern/,broken classes flags i-regexp nested places quoted repeated)

# spec/
FUZZ_TARGETS += %D%/fuzz-spec
tests_fuzz_fuzz_spec_SOURCES = %D%/fuzz-spec.c
tests_fuzz_fuzz_spec_LDADD = $(SPEC_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/spec/,bytes condition everything example joined placeholders template unknown-key \
	unknown-section weight)

FUZZ_TARGETS += %D%/fuzz-window
tests_fuzz_fuzz_window_SOURCES = %D%/fuzz-window.c
tests_fuzz_fuzz_window_LDADD = $(SPEC_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/window/,around-the-week broken days far hours leapt-over midnight-leaps no-zone zone)

# traffic/
FUZZ_TARGETS += %D%/fuzz-haproxy
tests_fuzz_fuzz_haproxy_SOURCES = %D%/fuzz-haproxy.c
tests_fuzz_fuzz_haproxy_LDADD = $(TRAFFIC_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/haproxy/,cut master no-backend operator orders show-proc stats)

# ctl/
FUZZ_TARGETS += %D%/fuzz-haproxy-config
tests_fuzz_fuzz_haproxy_config_SOURCES = %D%/fuzz-haproxy-config.c $(TRAP_SOURCES)
tests_fuzz_fuzz_haproxy_config_LDADD = $(TRAFFIC_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/haproxy-config/,example inherited no-end no-name quotes traps)

# store/, api/ and client/
FUZZ_TARGETS += %D%/fuzz-state %D%/fuzz-api-body
tests_fuzz_fuzz_state_SOURCES = %D%/fuzz-state.c
tests_fuzz_fuzz_state_LDADD = $(STORE_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_api_body_SOURCES = %D%/fuzz-api-body.c
tests_fuzz_fuzz_api_body_LDADD = libclient.a $(API_LIBS) $(FUZZ_LIBS)
EXTRA_DIST += $(addprefix %D%/seeds/state/,canary cut first newer newer-readable run) \
	$(addprefix %D%/seeds/api-body/,bad-version deploy empty events promote typo)
