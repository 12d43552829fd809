/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What ockamctl message measures. */
#ifndef OCKAMCTL_PING_H
#define OCKAMCTL_PING_H

#include "ctl.h"

int ping(struct ctl_args *args);
int perf(struct ctl_args *args);

#endif /* OCKAMCTL_PING_H */
