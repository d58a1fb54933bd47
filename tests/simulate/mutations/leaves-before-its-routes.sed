# agent/core/shift.c
# the last instance is taken out of the preview backend while routes lead there (I4)
s/is_preview\(s->d, backend\) && routes_gone\(s->d, s->balancer\)/is_preview(s->d, backend)/
