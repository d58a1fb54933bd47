# Unit tests: one cmocka program per thought, test-NAME.c; the pattern is at the top of Makefile.am.
