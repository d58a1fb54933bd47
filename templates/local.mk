# Analysis templates; a file of the same name in /etc/rollout/analysis replaces one.
dist_templates_DATA = \
	%D%/automation-success-rate.conf \
	%D%/cpu-usage.conf \
	%D%/error-budget.conf \
	%D%/latency-p95.conf \
	%D%/latency-p95-vs-stable.conf \
	%D%/memory-usage.conf \
	%D%/success-rate.conf \
	%D%/success-rate-vs-stable.conf \
	%D%/workflow-failure-rate.conf
