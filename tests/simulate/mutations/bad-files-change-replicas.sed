# agent/agent-start.c
# after a reload of bad files the Replicas= that were read before are forgotten (pin)
s/^        spec_free\(files\);$/        { spec_free(files); if (agent->pinned) agent->files = spec_free(agent->files); agent_take_up_pinned(agent); }/
