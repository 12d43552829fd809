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

/* Is there room for @len bytes, when @old goes? */
static bool ockam_known_has_room(const struct ockam_known *known,
				 const struct ockam_known_peer *old, size_t len)
{
	if (old)
		return known->bytes - old->len + len <= OCKAM_KNOWN_BYTES;
	return known->count < OCKAM_KNOWN_MAX &&
	       known->bytes + len <= OCKAM_KNOWN_BYTES;
}

/* Let those go that are pinned, or are not, until there is room. */
static bool ockam_known_shed(struct ockam_known *known, bool pinned,
			     const struct ockam_known_peer *old, size_t len)
{
	struct ockam_known_peer *other, *next;

	list_for_each_entry_safe(other, next, &known->peers, entry) {
		if (ockam_known_has_room(known, old, len))
			return true;
		if (other != old && other->pinned == pinned)
			ockam_known_forget(known, other);
	}
	return ockam_known_has_room(known, old, len);
}

/*
 * Make room for @peer, in the place of @old if there is one. Who is not pinned
 * makes no pinned one go, and who is makes them go last.
 */
static bool ockam_known_room(struct ockam_known *known,
			     const struct ockam_known_peer *old,
			     const struct ockam_known_peer *peer)
{
	return ockam_known_shed(known, false, old, peer->len) ||
	       (peer->pinned && ockam_known_shed(known, true, old, peer->len));
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

/* Put a peer into the table, or a newer history in the place of @old. */
static int ockam_known_insert(struct ockam_known *known,
			      struct ockam_known_peer *old,
			      struct ockam_known_peer *peer)
{
	if (!ockam_known_room(known, old, peer))
		return -ENOSPC;
	return old ? rhashtable_replace_fast(&known->table, &old->hash,
					     &peer->hash, ockam_known_params) :
	       rhashtable_insert_fast(&known->table, &peer->hash,
				      ockam_known_params);
}

/* On error @old is still what is known. */
static int ockam_known_add(struct ockam_known *known,
			   struct ockam_known_peer *old,
			   struct ockam_known_peer *peer)
{
	int err = ockam_known_insert(known, old, peer);

	if (err) {
		kfree(peer);
		return err;
	}
	list_add_tail(&peer->entry, &known->peers);
	known->bytes += peer->len;
	if (old) {
		list_del(&old->entry);
		known->bytes -= old->len;
		/* All readers hold the lock. */
		kfree(old);
	} else {
		known->count++;
		ockam_ledger_created(OCKAM_OBJ_KNOWN);
	}
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
	return ockam_known_add(known, old, peer);
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
