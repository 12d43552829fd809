/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* --jq: a filter for the JSON that a command prints. */
#ifndef OCKAMCTL_FILTER_H
#define OCKAMCTL_FILTER_H

#include <stdbool.h>
#include <jansson.h>

/* Compile it, before anything is done. 0, or CTL_USAGE after a message. */
int filter_open(const char *text);
/* Was there one? */
bool filter_is_open(void);
/*
 * Print what it makes of @json, each result on its own line, or on several when
 * @pretty. 0, or CTL_DATA after a message when the filter fails on this JSON.
 */
int filter_print(const json_t *json, bool pretty);

#endif /* OCKAMCTL_FILTER_H */
