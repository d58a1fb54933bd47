# agent/core/lives.c
# an instance that somebody stops has crashed (I6: aborted below CrashLimit=)
s/if \(unit->state == UNIT_STOPPING && unit->job\)/if (unit->state == UNIT_STOPPING \&\& unit->job \&\& unit->missing)/
s/if \(instance->ended_quietly\)/if (true)/
