/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Known peers: the newest change history that each one has shown. */
#ifndef OCKAM_KNOWN_H
#define OCKAM_KNOWN_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include "ident.h"

#define OCKAM_KNOWN_MAX		4096		/* histories in a namespace */
#define OCKAM_KNOWN_BYTES	(4U << 20)	/* and their bytes */

/**
 * struct ockam_known - what a namespace remembers of peers that rotated
 * @lock:  mutex: protects all of it
 * @table: struct ockam_known_peer by identifier
 * @peers: the same, the one longest unseen first
 * @count: how many
 * @bytes: of their histories
 */
struct ockam_known {
	struct mutex lock;
	struct rhashtable table;
	struct list_head peers;
	u32 count;
	size_t bytes;
};

int ockam_known_init(struct ockam_known *known);
void ockam_known_exit(struct ockam_known *known);
/*
 * An authenticated peer shows a verified history. 0: it is no older than what
 * it showed before, and remembered. -EKEYREVOKED: older, or of another branch:
 * nothing changes. -ENOSPC, -ENOMEM: it cannot be remembered.
 * @pinned: the peer is named in a list; never forgotten for one that is not.
 */
int ockam_known_update(struct ockam_known *known,
		       const struct ockam_identity *peer,
		       const struct ockam_slice *history, bool pinned);
/* @id becomes what a newer history says, if there is one that is known. */
void ockam_known_newest(struct ockam_known *known, struct ockam_identity *id,
			const struct ockam_slice *history);

#endif /* OCKAM_KNOWN_H */
