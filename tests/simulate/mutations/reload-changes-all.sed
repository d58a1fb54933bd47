# agent/agent-start.c
# a reload takes over what has to wait for the next attempt (pin)
s/return r < 0 \? r : agent_apply_live\(agent, err\);/return r < 0 ? r : agent_pin(agent, agent->files->text, "the files", err);/
