# agent/core/capacity.c
# stable gives up instances before its requests have left it (I7)
s/SHARE_FULL - \(at < before \? at : before\)/SHARE_FULL - at/
