# Unit tests: one cmocka program per thought, test-NAME.c; the pattern is at the top of Makefile.am.

# common/
check_PROGRAMS += %D%/test-address %D%/test-buffer %D%/test-files %D%/test-json %D%/test-json-writer %D%/test-log \
	%D%/test-text %D%/test-time %D%/test-zone
tests_unit_test_address_SOURCES = %D%/test-address.c
tests_unit_test_address_LDADD = $(COMMON_LIBS) $(TEST_LIBS)
tests_unit_test_buffer_SOURCES = %D%/test-buffer.c
tests_unit_test_buffer_LDADD = $(COMMON_LIBS) $(TEST_LIBS)
tests_unit_test_files_SOURCES = %D%/test-files.c
tests_unit_test_files_LDADD = $(COMMON_LIBS) $(TEST_LIBS)
tests_unit_test_json_SOURCES = %D%/test-json.c
tests_unit_test_json_LDADD = $(COMMON_LIBS) $(TEST_LIBS)
tests_unit_test_json_writer_SOURCES = %D%/test-json-writer.c
tests_unit_test_json_writer_LDADD = $(COMMON_LIBS) $(TEST_LIBS)
tests_unit_test_log_SOURCES = %D%/test-log.c
tests_unit_test_log_LDADD = $(COMMON_LIBS) $(TEST_LIBS)
tests_unit_test_text_SOURCES = %D%/test-text.c
tests_unit_test_text_LDADD = $(COMMON_LIBS) $(TEST_LIBS)
tests_unit_test_time_SOURCES = %D%/test-time.c
tests_unit_test_time_LDADD = $(COMMON_LIBS) $(TEST_LIBS)
tests_unit_test_zone_SOURCES = %D%/test-zone.c
tests_unit_test_zone_LDADD = $(COMMON_LIBS) $(TEST_LIBS)

# provider/
check_PROGRAMS += %D%/test-haproxy-stats %D%/test-prometheus-answer %D%/test-provider-haproxy %D%/test-provider-http \
	%D%/test-provider-settings %D%/test-provider-tls
tests_unit_test_haproxy_stats_SOURCES = %D%/test-haproxy-stats.c %D%/haproxy-fixture.h
tests_unit_test_haproxy_stats_LDADD = $(PROVIDER_LIBS) $(TEST_LIBS)
tests_unit_test_provider_http_SOURCES = %D%/test-provider-http.c %D%/bad-server.c %D%/bad-server.h \
	%D%/provider-asker.c %D%/provider-asker.h
tests_unit_test_provider_http_LDADD = $(PROVIDER_LIBS) $(TEST_LIBS)
tests_unit_test_prometheus_answer_SOURCES = %D%/test-prometheus-answer.c
tests_unit_test_prometheus_answer_LDADD = $(PROVIDER_LIBS) $(TEST_LIBS)
tests_unit_test_provider_haproxy_SOURCES = %D%/test-provider-haproxy.c %D%/provider-asker.c %D%/provider-asker.h
tests_unit_test_provider_haproxy_LDADD = $(PROVIDER_LIBS) $(TEST_LIBS)
tests_unit_test_provider_tls_SOURCES = %D%/test-provider-tls.c %D%/bad-server.c %D%/bad-server.h \
	%D%/provider-asker.c %D%/provider-asker.h
tests_unit_test_provider_tls_LDADD = $(PROVIDER_LIBS) $(TEST_LIBS) -lssl -lcrypto
tests_unit_test_provider_settings_SOURCES = %D%/test-provider-settings.c
tests_unit_test_provider_settings_LDADD = $(PROVIDER_LIBS) $(TEST_LIBS)

# analysis/
check_PROGRAMS += %D%/test-condition %D%/test-condition-errors %D%/test-fill %D%/test-jsonpath \
	%D%/test-jsonpath-errors %D%/test-judge %D%/test-limits %D%/test-pattern %D%/test-run %D%/test-samples \
	%D%/test-value
tests_unit_test_condition_SOURCES = %D%/test-condition.c
tests_unit_test_condition_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_condition_errors_SOURCES = %D%/test-condition-errors.c
tests_unit_test_condition_errors_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_fill_SOURCES = %D%/test-fill.c
tests_unit_test_fill_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_jsonpath_SOURCES = %D%/test-jsonpath.c
tests_unit_test_jsonpath_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_jsonpath_errors_SOURCES = %D%/test-jsonpath-errors.c
tests_unit_test_jsonpath_errors_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_judge_SOURCES = %D%/test-judge.c
tests_unit_test_judge_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_limits_SOURCES = %D%/test-limits.c
tests_unit_test_limits_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_pattern_SOURCES = %D%/test-pattern.c
tests_unit_test_pattern_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_run_SOURCES = %D%/test-run.c %D%/run-course.h
tests_unit_test_run_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_samples_SOURCES = %D%/test-samples.c %D%/run-course.h
tests_unit_test_samples_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)
tests_unit_test_value_SOURCES = %D%/test-value.c
tests_unit_test_value_LDADD = $(ANALYSIS_LIBS) $(TEST_LIBS)

# instance/, and the permission to use it
check_PROGRAMS += %D%/test-instance %D%/test-permit
tests_unit_test_instance_SOURCES = %D%/test-instance.c
tests_unit_test_instance_LDADD = $(INSTANCE_LIBS) $(TEST_LIBS)
tests_unit_test_permit_SOURCES = %D%/test-permit.c ctl/permit.c
tests_unit_test_permit_LDADD = $(STORE_LIBS) $(TEST_LIBS)

# spec/
check_PROGRAMS += %D%/test-expand %D%/test-ini %D%/test-load %D%/test-manual %D%/test-spec \
	%D%/test-spec-errors %D%/test-steps %D%/test-window
tests_unit_test_expand_SOURCES = %D%/test-expand.c
tests_unit_test_expand_LDADD = $(SPEC_LIBS) $(TEST_LIBS)
tests_unit_test_ini_SOURCES = %D%/test-ini.c
tests_unit_test_ini_LDADD = $(SPEC_LIBS) $(TEST_LIBS)
tests_unit_test_load_SOURCES = %D%/test-load.c
tests_unit_test_load_LDADD = $(SPEC_LIBS) $(TEST_LIBS)
tests_unit_test_manual_SOURCES = %D%/test-manual.c
tests_unit_test_manual_LDADD = $(SPEC_LIBS) $(TEST_LIBS)
tests_unit_test_spec_SOURCES = %D%/test-spec.c
tests_unit_test_spec_LDADD = $(SPEC_LIBS) $(TEST_LIBS)
tests_unit_test_spec_errors_SOURCES = %D%/test-spec-errors.c
tests_unit_test_spec_errors_LDADD = $(SPEC_LIBS) $(TEST_LIBS)
tests_unit_test_steps_SOURCES = %D%/test-steps.c
tests_unit_test_steps_LDADD = $(SPEC_LIBS) $(TEST_LIBS)
tests_unit_test_window_SOURCES = %D%/test-window.c
tests_unit_test_window_LDADD = $(SPEC_LIBS) $(TEST_LIBS)

# store/
check_PROGRAMS += %D%/test-run-json %D%/test-state-json %D%/test-store
tests_unit_test_run_json_SOURCES = %D%/test-run-json.c %D%/random-model.c %D%/random-model.h
tests_unit_test_run_json_LDADD = $(STORE_LIBS) $(TEST_LIBS)
tests_unit_test_state_json_SOURCES = %D%/test-state-json.c %D%/random-model.c %D%/random-model.h
tests_unit_test_state_json_LDADD = $(STORE_LIBS) $(TEST_LIBS)
tests_unit_test_store_SOURCES = %D%/test-store.c %D%/failing-disk.h %D%/random-model.c %D%/random-model.h
tests_unit_test_store_LDADD = $(STORE_LIBS) $(TEST_LIBS)
tests_unit_test_store_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write,--wrap=fsync,--wrap=fchmod,--wrap=mkdir \
	-Wl,--wrap=unlinkat,--wrap=symlinkat,--wrap=renameat

# traffic/
check_PROGRAMS += %D%/test-haproxy-command %D%/test-haproxy-look %D%/test-haproxy-router \
	%D%/test-haproxy-routes
tests_unit_test_haproxy_command_SOURCES = %D%/test-haproxy-command.c %D%/haproxy-fixture.h
tests_unit_test_haproxy_command_LDADD = $(TRAFFIC_LIBS) $(TEST_LIBS)
tests_unit_test_haproxy_look_SOURCES = %D%/test-haproxy-look.c %D%/haproxy-fixture.h
tests_unit_test_haproxy_look_LDADD = $(TRAFFIC_LIBS) $(TEST_LIBS)
tests_unit_test_haproxy_router_SOURCES = %D%/test-haproxy-router.c %D%/haproxy-fixture.h
tests_unit_test_haproxy_router_LDADD = $(TRAFFIC_LIBS) $(TEST_LIBS)
tests_unit_test_haproxy_routes_SOURCES = %D%/test-haproxy-routes.c
tests_unit_test_haproxy_routes_LDADD = $(TRAFFIC_LIBS) $(TEST_LIBS)

# api/
check_PROGRAMS += %D%/test-api-clients %D%/test-api-requests
api_fixture = %D%/api-fixture.c %D%/api-fixture.h %D%/fake-agent.c %D%/fake-agent.h
tests_unit_test_api_clients_SOURCES = %D%/test-api-clients.c $(api_fixture)
tests_unit_test_api_clients_LDADD = $(API_LIBS) $(TEST_LIBS)
tests_unit_test_api_requests_SOURCES = %D%/test-api-requests.c $(api_fixture)
tests_unit_test_api_requests_LDADD = $(API_LIBS) $(TEST_LIBS)

# ctl/
check_PROGRAMS += %D%/test-haproxy-config
TRAP_SOURCES = ctl/findings.c ctl/haproxy-config.c ctl/haproxy-facts.c ctl/haproxy-traps.c
tests_unit_test_haproxy_config_SOURCES = %D%/test-haproxy-config.c $(TRAP_SOURCES)
tests_unit_test_haproxy_config_LDADD = $(TRAFFIC_LIBS) $(TEST_LIBS)
EXTRA_PROGRAMS += %D%/fake-agent
CLEANFILES += %D%/fake-agent$(EXEEXT)
dist_check_SCRIPTS += %D%/test-completion.sh %D%/test-ctl.sh
%D%/test-completion.log: rolloutctl$(EXEEXT)
%D%/test-ctl.log: %D%/fake-agent$(EXEEXT) rolloutctl$(EXEEXT)
tests_unit_fake_agent_SOURCES = %D%/fake-agent-main.c %D%/fake-agent.c %D%/fake-agent.h
tests_unit_fake_agent_LDADD = $(API_LIBS)

# notify/
check_PROGRAMS += %D%/test-catalog %D%/test-hook
tests_unit_test_catalog_SOURCES = %D%/test-catalog.c
tests_unit_test_catalog_LDADD = $(NOTIFY_LIBS) $(TEST_LIBS)
tests_unit_test_hook_SOURCES = %D%/test-hook.c %D%/bad-server.c %D%/bad-server.h %D%/provider-asker.c \
	%D%/provider-asker.h
tests_unit_test_hook_LDADD = $(NOTIFY_LIBS) $(TEST_LIBS)

# core/
check_PROGRAMS += %D%/test-capacity %D%/test-forecast %D%/test-hooks %D%/test-lives %D%/test-preview \
	%D%/test-queue %D%/test-routing \
	%D%/test-routes %D%/test-stable %D%/test-verbs %D%/test-weights
dist_check_SCRIPTS += %D%/test-core-purity.sh
%D%/test-core-purity.log: libcore.a libanalysis.a
tests_unit_test_capacity_SOURCES = %D%/test-capacity.c %D%/core-fixture.h
tests_unit_test_capacity_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_forecast_SOURCES = %D%/test-forecast.c %D%/core-fixture.h
tests_unit_test_forecast_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_hooks_SOURCES = %D%/test-hooks.c %D%/core-fixture.h
tests_unit_test_hooks_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_lives_SOURCES = %D%/test-lives.c %D%/core-fixture.h
tests_unit_test_lives_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_verbs_SOURCES = %D%/test-verbs.c
tests_unit_test_verbs_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_preview_SOURCES = %D%/test-preview.c %D%/core-fixture.h
tests_unit_test_preview_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_queue_SOURCES = %D%/test-queue.c %D%/core-fixture.h
tests_unit_test_queue_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_routing_SOURCES = %D%/test-routing.c %D%/core-fixture.h
tests_unit_test_routing_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_routes_SOURCES = %D%/test-routes.c %D%/core-fixture.h
tests_unit_test_routes_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_stable_SOURCES = %D%/test-stable.c %D%/core-fixture.h
tests_unit_test_stable_LDADD = $(CORE_LIBS) $(TEST_LIBS)
tests_unit_test_weights_SOURCES = %D%/test-weights.c
tests_unit_test_weights_LDADD = $(CORE_LIBS) $(TEST_LIBS)

# the agent
check_PROGRAMS += %D%/test-many-metrics %D%/test-tell
tests_unit_test_many_metrics_SOURCES = %D%/test-many-metrics.c
tests_unit_test_many_metrics_LDADD = libagent.a $(STORE_LIBS) $(TEST_LIBS)
tests_unit_test_tell_SOURCES = %D%/test-tell.c
tests_unit_test_tell_LDADD = libagent.a $(STORE_LIBS) $(TEST_LIBS)
