/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Counters of nodes. */
#ifndef OCKAMCTL_STATS_H
#define OCKAMCTL_STATS_H

#include <jansson.h>

/* Of one node; null when it is not there. */
json_t *stats_json(const char *node);

#endif /* OCKAMCTL_STATS_H */
