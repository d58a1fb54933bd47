# agent/core/scale.c
# a color gets its next revision while the last one still runs (I11)
s/\|\| !color_stopped\(d, color\)\)/|| (!color_stopped(d, color) \&\& d->span == 0))/
