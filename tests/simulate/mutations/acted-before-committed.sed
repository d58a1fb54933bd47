# agent/agent.c
# an advance goes out before its state is durable (I3, I15)
s/if \(only_retreat\(&agent->plan.balancers\[balancer\]\)\)/if (only_retreat(\&agent->plan.balancers[balancer]) || agent->plan.balancers[balancer].n > 0)/
