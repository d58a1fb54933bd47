# agent/core/units.c
# only the first balancer is asked whether an instance is out before it is stopped (I4)
/^static bool is_out/,/^}/s/balancer < d->world->n_balancers/balancer < 1/
