# Examples beside those of etc/: the two services of one platform, a canary and a blue-green, with all that they need on a host.
dist_examples_DATA += \
	%D%/ai-engine-api.conf %D%/ai-engine-api@.service \
	%D%/ai-engine-workers.conf %D%/ai-engine-workers@.service \
	%D%/ai-engine-haproxy.cfg %D%/ai-engine-prometheus.yml
