# agent/core/routes.c
# routes stay when the rollout is over (I4)
s/plan->routes_order = ROUTES_CLEAR/plan->routes_order = ROUTES_LEAVE/
