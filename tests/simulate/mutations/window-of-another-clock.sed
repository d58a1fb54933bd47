# agent/agent.c
# whether a window is open is asked once and never again (window)
s/if \(agent->state[.]queued[.]revision\)$/if (agent->state.queued.revision \&\& !agent->world.window_opens)/
