# agent/agent-start.c
# after a reload of bad files the Replicas= that were read before are forgotten (pin)
s/return r < 0 \? r : agent_apply_live\(agent, err\);/if (r < 0 \&\& agent->pinned) { agent->files = spec_free(agent->files); agent_load_pinned(agent); }\n    return r < 0 ? r : agent_apply_live(agent, err);/
