# The simulator drives libagent.a against a simulated host in virtual time.
