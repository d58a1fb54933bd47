# Manual pages.
dist_man_MANS = %D%/rollout.conf.5 %D%/rollout-agent.8
