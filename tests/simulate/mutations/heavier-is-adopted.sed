# agent/core/adopt.c
# of a lost state, the color with more weight is taken for stable instead of asking (held)
s/if \(weight\[color\] && !weight\[color_other\(color\)\] &&/if (weight[color] > weight[color_other(color)] \&\&/
