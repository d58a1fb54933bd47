# Probes: programs that the tests here run in a machine; see PROBES at the top of Makefile.am.
