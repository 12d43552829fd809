/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Sockets of the family AF_OCKAM, for messages. */
#ifndef OCKAMCTL_SOCKET_H
#define OCKAMCTL_SOCKET_H

#include "ctl.h"

/* One line about errno @err; the exit code. */
int socket_failed(int err, const char *what);
/* All return a file descriptor, or minus an exit code after a message. */
int socket_to(const struct ctl_args *args, const char *route, int ms);
int socket_named(const struct ctl_args *args, const char *name);

#endif /* OCKAMCTL_SOCKET_H */
