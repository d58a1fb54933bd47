# agent/core/lives.c
# who exits without failing again and again never crashed (I10)
s/if \(instance->ended_quietly\)/if (instance->ended_quietly \&\& instance->crashes > 100)/
