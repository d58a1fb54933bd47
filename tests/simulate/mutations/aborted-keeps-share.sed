# agent/core/steps.c
# an aborted canary keeps its requests (I6)
/^share_t canary_share/,/^}/s/if \(rollout_runs\(d->next\)\)/if (d->next->rollout.mode != MODE_IDLE)/
