# agent/core/view.c
# what was seen before our orders counts as seen now (I4)
s/ && seen->seen_at >= seen->ordered_at//
