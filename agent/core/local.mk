# core/: the pure decision. Knows spec/, analysis/ and common/.
noinst_LIBRARIES += libcore.a
libcore_a_SOURCES = \
	%D%/adopt.c %D%/adopt.h \
	%D%/asking.h \
	%D%/byhand.c \
	%D%/canary.c \
	%D%/capacity.c \
	%D%/command.c %D%/command.h \
	%D%/decide.c %D%/decide.h %D%/decision.h \
	%D%/deploy.c \
	%D%/events.c \
	%D%/explain.c %D%/explain.h \
	%D%/forecast.c %D%/forecast.h \
	%D%/history.c %D%/history.h \
	%D%/hooks.c \
	%D%/lives.c \
	%D%/model.h \
	%D%/routes.c \
	%D%/routing.c \
	%D%/scale.c \
	%D%/shift.c \
	%D%/stable.c \
	%D%/state.c \
	%D%/steps.c \
	%D%/targets.c \
	%D%/transitions.c \
	%D%/units.c \
	%D%/view.c \
	%D%/weights.c %D%/weights.h \
	%D%/words.c %D%/words.h
