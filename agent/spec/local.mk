# spec/: what the operator wants. Knows analysis/ and common/.
noinst_LIBRARIES += libspec.a
libspec_a_SOURCES = \
	%D%/array.h \
	%D%/blue-green.c %D%/blue-green.h \
	%D%/build.c %D%/build.h \
	%D%/check.c \
	%D%/condition-check.c %D%/condition-check.h \
	%D%/defaults.c %D%/defaults.h \
	%D%/document.c %D%/document.h \
	%D%/expand.c %D%/expand.h \
	%D%/free.c %D%/free.h \
	%D%/hook.c %D%/hook.h \
	%D%/ini.c %D%/ini.h \
	%D%/load.c \
	%D%/names.c %D%/names.h \
	%D%/others.c \
	%D%/parsers.c %D%/parsers.h %D%/parsers-domain.c \
	%D%/place.c %D%/place.h \
	%D%/placeholder.c %D%/placeholder.h \
	%D%/release.c \
	%D%/route.c %D%/route.h \
	%D%/spec.h \
	%D%/steps.c %D%/steps.h \
	%D%/table.c %D%/table.h \
	%D%/use.c %D%/use.h \
	%D%/window.c %D%/window.h
