# agent/core/capacity.c
# an abort gives stable everything before its instances are back (I7)
/^share_t share_kept/,/^}/s/if \(wanted >= given/if (true || wanted >= given/
