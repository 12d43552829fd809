/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Text that names places: MultiAddr, HOST:PORT. Pure: no output, no look-up. */
#ifndef OCKAMCTL_MULTIADDR_H
#define OCKAMCTL_MULTIADDR_H

/* The next /protocol/value of a MultiAddr. */
struct component {
	char protocol[16];
	char value[256];
};

/* 1 a component, 0 the end, -1 an error whose text is in *why. */
int multiaddr_next(const char **text, struct component *out, const char **why);
/*
 * "1.2.3.4:5", "[::1]:5" (the host keeps its brackets), "host:5", ":5" and "5"
 * (127.0.0.1). -1 for anything else.
 */
int host_port(const char *text, char host[256], char port[6]);

#endif /* OCKAMCTL_MULTIADDR_H */
