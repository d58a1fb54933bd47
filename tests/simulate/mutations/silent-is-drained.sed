# agent/core/units.c
# a balancer that does not answer counts as one that sends nothing any more (I4)
/^static bool is_out/,/^}/s/^            return false;$/            { if (seen->link == LINK_SILENT) continue; return false; }/
