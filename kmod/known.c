// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Known peers: the newest change history that each one has shown. */

#include <linux/slab.h>
#include "known.h"
#include "stats.h"

/**
 * struct ockam_known_peer - a peer that rotated its key at least once
 * @hash:       in the table
 * @entry:      in the list
 * @identity:   what the history says; its identifier is the key
 * @pinned:     a list named it
 * @len:        bytes of @history
 * @history:    encoded, verified
 *
 * A history of one change needs no entry: every other one continues it.
 */
struct ockam_known_peer {
	struct rhash_head hash;
	struct list_head entry;
	struct ockam_identity identity;
	bool pinned;
	u32 len;
	u8 history[];
};

static const struct rhashtable_params ockam_known_params = {
	.key_len = OCKAM_IDENTIFIER_LEN,
	.key_offset = offsetof(struct ockam_known_peer, identity.identifier),
	.head_offset = offsetof(struct ockam_known_peer, hash),
	.automatic_shrinking = true,
};

/**
 * ockam_known_init() - nobody is known
 * @known: set up
 *
 * Return: 0 or -ENOMEM.
 */
int ockam_known_init(struct ockam_known *known)
{
	mutex_init(&known->lock);
	INIT_LIST_HEAD(&known->peers);
	known->count = 0;
	known->bytes = 0;
	return rhashtable_init(&known->table, &ockam_known_params);
}

static void ockam_known_forget(struct ockam_known *known,
			       struct ockam_known_peer *peer)
{
	rhashtable_remove_fast(&known->table, &peer->hash, ockam_known_params);
	list_del(&peer->entry);
	known->count--;
	known->bytes -= peer->len;
	ockam_ledger_destroyed(OCKAM_OBJ_KNOWN);
	/* All readers hold the lock. */
	kfree(peer);
}

/**
 * ockam_known_exit() - forget everybody
 * @known: that nobody uses any more
 */
void ockam_known_exit(struct ockam_known *known)
{
	struct ockam_known_peer *peer, *next;

	mutex_lock(&known->lock);
	list_for_each_entry_safe(peer, next, &known->peers, entry)
		ockam_known_forget(known, peer);
	mutex_unlock(&known->lock);
	rhashtable_destroy(&known->table);
	mutex_destroy(&known->lock);
}

/* Make room for @len bytes. Who is not pinned makes no pinned one go. */
static bool ockam_known_room(struct ockam_known *known, size_t len, bool pinned)
{
	struct ockam_known_peer *peer, *next;

	list_for_each_entry_safe(peer, next, &known->peers, entry) {
		if (known->count < OCKAM_KNOWN_MAX &&
		    known->bytes + len <= OCKAM_KNOWN_BYTES)
			return true;
		if (pinned || !peer->pinned)
			ockam_known_forget(known, peer);
	}
	return known->count < OCKAM_KNOWN_MAX &&
	       known->bytes + len <= OCKAM_KNOWN_BYTES;
}

static struct ockam_known_peer *
ockam_known_make(const struct ockam_identity *id,
		 const struct ockam_slice *history, bool pinned)
{
	struct ockam_known_peer *peer;

	peer = kmalloc(struct_size(peer, history, history->len),
		       GFP_KERNEL_ACCOUNT);
	if (!peer)
		return NULL;
	peer->identity = *id;
	peer->pinned = pinned;
	peer->len = history->len;
	memcpy(peer->history, history->data, history->len);
	return peer;
}

static int ockam_known_add(struct ockam_known *known,
			   struct ockam_known_peer *peer)
{
	int err = -ENOSPC;

	if (ockam_known_room(known, peer->len, peer->pinned))
		err = rhashtable_insert_fast(&known->table, &peer->hash,
					     ockam_known_params);
	if (err) {
		kfree(peer);
		return err;
	}
	list_add_tail(&peer->entry, &known->peers);
	known->count++;
	known->bytes += peer->len;
	ockam_ledger_created(OCKAM_OBJ_KNOWN);
	return 0;
}

/* Under the lock. */
static int ockam_known_check(struct ockam_known *known,
			     const struct ockam_identity *id,
			     const struct ockam_slice *history, bool pinned)
{
	enum ockam_ident_order order = OCKAM_IDENT_NEWER;
	struct ockam_known_peer *old, *peer;

	old = rhashtable_lookup_fast(&known->table, id->identifier,
				     ockam_known_params);
	if (!old && id->changes == 1)
		return 0;
	if (old && ockam_ident_compare(&order, history->data, history->len,
				       old->history, old->len))
		return -EKEYREVOKED;
	if (order == OCKAM_IDENT_EQUAL) {
		old->pinned |= pinned;
		list_move_tail(&old->entry, &known->peers);
		return 0;
	}
	if (order != OCKAM_IDENT_NEWER)
		return -EKEYREVOKED;
	peer = ockam_known_make(id, history, pinned || (old && old->pinned));
	if (!peer)
		return -ENOMEM;
	if (old)
		ockam_known_forget(known, old);
	return ockam_known_add(known, peer);
}

/**
 * ockam_known_update() - a peer shows its history
 * @known:   of the namespace
 * @id:      what the history says; verified
 * @history: encoded
 * @pinned:  a list of acceptable peers names it
 *
 * Context: process.
 *
 * Return: 0; -EKEYREVOKED the peer has shown a newer or another one before;
 * -ENOSPC, -ENOMEM it cannot be remembered.
 */
int ockam_known_update(struct ockam_known *known,
		       const struct ockam_identity *id,
		       const struct ockam_slice *history, bool pinned)
{
	int err;

	mutex_lock(&known->lock);
	err = ockam_known_check(known, id, history, pinned);
	mutex_unlock(&known->lock);
	return err;
}

/**
 * ockam_known_newest() - has a configured peer rotated since?
 * @known:   of the namespace
 * @id:      what @history says; replaced when the peer has shown a newer one
 * @history: encoded, verified
 *
 * A newer history that mattered here is not forgotten for peers that no list
 * names. Context: process.
 */
void ockam_known_newest(struct ockam_known *known, struct ockam_identity *id,
			const struct ockam_slice *history)
{
	enum ockam_ident_order order;
	struct ockam_known_peer *peer;

	mutex_lock(&known->lock);
	peer = rhashtable_lookup_fast(&known->table, id->identifier,
				      ockam_known_params);
	if (peer && !ockam_ident_compare(&order, peer->history, peer->len,
					 history->data, history->len) &&
	    order == OCKAM_IDENT_NEWER) {
		peer->pinned = true;
		*id = peer->identity;
	}
	mutex_unlock(&known->lock);
}
