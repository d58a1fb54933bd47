# agent/agent-start.c
# what the router can do nothing with is kept half (pin)
s/^            pinned->haproxy = haproxy;$//
