# agent/agent.c
# instances of a new revision are started by a state that is not on the disk (I15)
s/if \(agent->undurable && order->advance\)/if (agent->undurable \&\& order->advance \&\& agent->unwritten \&\& agent->due)/
