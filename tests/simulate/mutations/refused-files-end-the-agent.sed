# agent/agent-start.c
# files that the router can do nothing with end the agent, although something is pinned (start)
s/^        r = go_by\(agent, NULL, agent->pinned, err\);$/        r = agent->files || strstr(err->text, "nonsense") ? go_by(agent, NULL, agent->pinned, err) : r;/
