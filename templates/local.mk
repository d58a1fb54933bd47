# Analysis templates; a file of the same name in /etc/rollout/analysis replaces one.
dist_templates_DATA = \
	%D%/error-budget.conf \
	%D%/latency-p95.conf \
	%D%/success-rate.conf
