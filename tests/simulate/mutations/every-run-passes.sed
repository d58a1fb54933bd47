# agent/core/canary.c
# a run that has ended is taken for a Successful one (I9)
s/^    ref->phase = seen->phase;$/    ref->phase = run_phase_ended(seen->phase) ? RUN_SUCCESSFUL : seen->phase;/
