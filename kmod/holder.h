/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Holders: who has relays, how many, and how often it asks for one. */
#ifndef OCKAM_HOLDER_H
#define OCKAM_HOLDER_H

#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include "ident.h"
#include "stats.h"

struct ockam_net;

/**
 * struct ockam_holder_id - who registers: an identity, or a first hop
 * @has_peer: @id is an identifier
 * @id:       identifier, or the beginning of the first hop's address
 */
struct ockam_holder_id {
	u32 has_peer;
	u8 id[OCKAM_IDENTIFIER_LEN];
};

/**
 * struct ockam_holders - all that have relays in a namespace
 * @lock:  mutex: protects all of it
 * @table: struct ockam_holder by its id
 */
struct ockam_holders {
	struct mutex lock;
	struct rhashtable table;
};

struct ockam_holder;

int ockam_holders_init(struct ockam_holders *holders);
void ockam_holders_exit(struct ockam_holders *holders);
/*
 * Count one relay more. @replaces: it takes the place of one that the holder
 * has. OCKAM_DROP_NONE and the holder in *out; or why not.
 */
enum ockam_drop ockam_holder_charge(struct ockam_net *onet,
				    const struct ockam_holder_id *id,
				    bool replaces, struct ockam_holder **out);
void ockam_holder_uncharge(struct ockam_net *onet, struct ockam_holder *holder);

#endif /* OCKAM_HOLDER_H */
