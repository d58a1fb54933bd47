# agent.c, the pass, goes into libagent.a, so that the simulator drives what ships; main.c alone is rollout-agent.
noinst_LIBRARIES += libagent.a
libagent_a_SOURCES =

# rollout_PROGRAMS += rollout-agent
# rollout_agent_SOURCES = %D%/main.c
# rollout_agent_LDADD = $(AGENT_LIBS)
