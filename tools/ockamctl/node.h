/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Making nodes. */
#ifndef OCKAMCTL_NODE_H
#define OCKAMCTL_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node_options {
	const char *name;
	const char *identity;	/* NULL: the default one */
	const char *address;	/* NULL: a free port on loopback */
	const char *project;	/* file or name to pin, or NULL */
	bool has_group;		/* users of these groups may use it */
	uint32_t group_low, group_high;
	bool relays;		/* relay services for channels, too */
	const unsigned char *registrars; /* identities that may register there */
	size_t registrars_len;	/* 32 bytes each; 0: any authenticated one */
	bool bare;		/* no services, no listener */
};

/* All or nothing. 0 or an exit code after one line on stderr. */
int node_make(const struct node_options *options);

#endif /* OCKAMCTL_NODE_H */
