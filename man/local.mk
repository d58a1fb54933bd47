# Manual pages.
dist_man_MANS = %D%/rollout.conf.5 %D%/rolloutctl.1 %D%/rollout-agent.8
