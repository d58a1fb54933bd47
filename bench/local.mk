# What we measure. Built by `make bench`, installed never.
