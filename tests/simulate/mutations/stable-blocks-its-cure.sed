# agent/core/stable.c
# the steps wait for an ailing stable color without end (I10)
s/return d->stable_whole \|\| .*;/return d->stable_whole;/
