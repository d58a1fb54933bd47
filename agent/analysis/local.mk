# analysis/: how a metric is judged. Knows common/ only.
noinst_LIBRARIES += libanalysis.a
libanalysis_a_SOURCES =
