# The pass and its doors go into libagent.a, so that the simulator drives what ships; main.c alone is rollout-agent.
noinst_LIBRARIES += libagent.a
libagent_a_SOURCES = %D%/agent.c %D%/agent.h %D%/agent-adopt.c \
	%D%/agent-arguments.c %D%/agent-by-hand.c %D%/agent-commit.c %D%/agent-doors.c \
	%D%/agent-hooks.c %D%/agent-inside.h %D%/agent-questions.c %D%/agent-refusals.c %D%/agent-runs.c \
	%D%/agent-start.c %D%/agent-tell.c %D%/agent-verbs.c

rollout_PROGRAMS += rollout-agent
rollout_agent_SOURCES = %D%/main.c
rollout_agent_LDADD = $(AGENT_LIBS)
