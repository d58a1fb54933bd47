# analysis/: how a metric is judged. Knows common/ only.
noinst_LIBRARIES += libanalysis.a
libanalysis_a_SOURCES = \
	%D%/arena.c %D%/arena.h \
	%D%/condition.c %D%/condition.h \
	%D%/condition-eval.c %D%/condition-function.c \
	%D%/condition-lex.c %D%/condition-tree.h \
	%D%/condition-operand.c %D%/condition-operator.c %D%/condition-parse.c %D%/condition-parser.h \
	%D%/condition-type.c %D%/condition-type.h \
	%D%/fault.c %D%/fault.h \
	%D%/jsonpath.c %D%/jsonpath.h %D%/jsonpath-tree.h \
	%D%/jsonpath-filter.c %D%/jsonpath-parse.c \
	%D%/jsonpath-select.c %D%/jsonpath-test.c \
	%D%/judge.c %D%/judge.h \
	%D%/fill.c %D%/fill.h \
	%D%/metric.c %D%/metric.h \
	%D%/pattern.h %D%/pattern-program.h \
	%D%/pattern-compile.c %D%/pattern-match.c %D%/pattern-set.c \
	%D%/run.c %D%/run.h \
	%D%/run-metric.c %D%/run-metric.h \
	%D%/samples.c %D%/samples.h \
	%D%/value.c %D%/value.h %D%/value-json.c %D%/value-write.c
