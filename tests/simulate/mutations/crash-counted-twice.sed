# agent/core/lives.c
# every look at a crash counts it again (I6: aborted below CrashLimit=)
s/^    instance->crash_counted = true;$//
