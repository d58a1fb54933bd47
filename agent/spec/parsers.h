/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of values that keys have: each function is a value_parser (see table.h) for a field of the type named.
 * Errors say what was wrong and expected; who calls puts the place before them. */
#ifndef ROLLOUT_SPEC_PARSERS_H
#define ROLLOUT_SPEC_PARSERS_H

#include "spec/table.h"

#define VALUE_PARSER(name) \
    int name(const struct key_row *row, const struct document_entry *entry, void *field, struct error *err)

/* parsers.c: values without a meaning of their own */
VALUE_PARSER(to_bool);   /* bool: yes or no */
VALUE_PARSER(to_span);   /* usec_t, row->min to row->max; infinity where row->infinity */
VALUE_PARSER(to_count);  /* uint32_t, row->min to row->max */
VALUE_PARSER(to_word);   /* an enum whose words are row->words, numbered from 0 */
VALUE_PARSER(to_words);  /* none: checks that every word is one of row->words */
VALUE_PARSER(to_string); /* char *, owned */
VALUE_PARSER(to_name);   /* char[row->max]: letters, digits, - _ . : */
VALUE_PARSER(to_path);   /* char[row->max]: absolute, without white space */

/* parsers-domain.c: values that mean something to rollout */
VALUE_PARSER(to_provider);       /* char[32]: one of row->words */
VALUE_PARSER(to_unit);           /* char[UNIT_NAME_MAX]: a template unit */
VALUE_PARSER(to_release);        /* char *, owned: an absolute path, %v is the version */
VALUE_PARSER(to_socket);         /* char[SOCKET_NAME_MAX]: see common/address.h */
VALUE_PARSER(to_sockets);        /* struct haproxy_spec: adds one socket */
VALUE_PARSER(to_backends);       /* struct haproxy_spec: adds one backend */
VALUE_PARSER(to_server);         /* char[SERVER_NAME_MAX]: a pattern with %c and %n */
VALUE_PARSER(to_window);         /* struct spec: adds a deploy window */
VALUE_PARSER(to_step);           /* struct spec: adds a step */
VALUE_PARSER(to_analysis);       /* struct analysis_use: adds names */
VALUE_PARSER(to_condition);      /* char *, owned: a condition on the measured value */
VALUE_PARSER(to_metric_setting); /* struct metric_spec: adds a setting, after row->check */
VALUE_PARSER(to_party_setting);  /* struct party_spec: the same */

#endif
