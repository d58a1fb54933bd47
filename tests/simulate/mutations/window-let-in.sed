# agent/core/deploy.c
# what is queued begins although its window is closed (window)
/^void queue_follow/,/^}/s/bool closed = .*/bool closed = false;/
