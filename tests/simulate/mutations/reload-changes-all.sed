# agent/agent-start.c
# a reload takes over what has to wait for the next attempt (pin)
s/r = go_by\(agent, files, agent->pinned, err\);/r = go_by(agent, files, agent->pinned, err) < 0 ? -1 : agent_pin(agent, files->text, "the files", err);/
