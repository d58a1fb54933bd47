# api/: who may ask. Knows core/ and below.
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES = \
	%D%/api.h \
	%D%/body.c \
	%D%/http.h \
	%D%/problem.c \
	%D%/routes.c \
	%D%/server.c \
	%D%/sockets.c %D%/sockets.h \
	%D%/view.c \
	%D%/view-history.c %D%/view-plan.c %D%/view-runs.c
