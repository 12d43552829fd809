// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Holders: who has relays, how many, and how often it asks for one. */

#include <linux/jiffies.h>
#include <linux/slab.h>
#include "holder.h"
#include "node.h"

/**
 * struct ockam_holder - one that has relays
 * @hash:   in the table
 * @id:     who
 * @relays: that it has, those on their way out included
 * @asked:  registrations in the present second
 * @second: jiffies, when that began
 *
 * Lives as long as it has a relay. All under the lock.
 */
struct ockam_holder {
	struct rhash_head hash;
	struct ockam_holder_id id;
	u32 relays;
	u32 asked;
	unsigned long second;
};

static const struct rhashtable_params ockam_holder_params = {
	.head_offset = offsetof(struct ockam_holder, hash),
	.key_offset = offsetof(struct ockam_holder, id),
	.key_len = sizeof_field(struct ockam_holder, id),
	.automatic_shrinking = true,
};

/**
 * ockam_holders_init() - nobody has a relay
 * @holders: of a namespace
 *
 * Return: 0 or -ENOMEM.
 */
int ockam_holders_init(struct ockam_holders *holders)
{
	mutex_init(&holders->lock);
	return rhashtable_init(&holders->table, &ockam_holder_params);
}

/**
 * ockam_holders_exit() - undo ockam_holders_init()
 * @holders: in which nobody has a relay any more
 */
void ockam_holders_exit(struct ockam_holders *holders)
{
	rhashtable_destroy(&holders->table);
	mutex_destroy(&holders->lock);
}

/* Has it asked too often in this second? */
static bool ockam_holder_hurries(struct ockam_holder *holder, u32 rate)
{
	if (time_after(jiffies, holder->second + HZ)) {
		holder->second = jiffies;
		holder->asked = 0;
	}
	return holder->asked >= rate || !++holder->asked;
}

static struct ockam_holder *ockam_holder_add(struct ockam_holders *holders,
					     const struct ockam_holder_id *id)
{
	struct ockam_holder *holder = kzalloc(sizeof(*holder),
					      GFP_KERNEL_ACCOUNT);

	if (!holder)
		return NULL;
	holder->id = *id;
	holder->second = jiffies;
	if (!rhashtable_insert_fast(&holders->table, &holder->hash,
				    ockam_holder_params))
		return holder;
	kfree(holder);
	return NULL;
}

static enum ockam_drop ockam_holder_check(struct ockam_holder *holder,
					  const struct ockam_limits *limits,
					  bool replaces)
{
	if (!replaces && holder->relays >= READ_ONCE(limits->relays_peer))
		return OCKAM_DROP_RELAY_QUOTA;
	if (ockam_holder_hurries(holder, READ_ONCE(limits->relay_rate)))
		return OCKAM_DROP_RELAY_RATE;
	return OCKAM_DROP_NONE;
}

static void ockam_holder_forget(struct ockam_holders *holders,
				struct ockam_holder *holder)
{
	if (holder->relays)
		return;
	rhashtable_remove_fast(&holders->table, &holder->hash,
			       ockam_holder_params);
	kfree(holder);
}

/**
 * ockam_holder_charge() - count one relay more
 * @onet:     namespace state
 * @id:       who registers
 * @replaces: the new relay takes the place of one that it has
 * @out:      the holder, for ockam_holder_uncharge()
 *
 * Context: process.
 *
 * Return: OCKAM_DROP_NONE, or why it may not: it has too many, or asks too
 * often; or there is no memory.
 */
enum ockam_drop ockam_holder_charge(struct ockam_net *onet,
				    const struct ockam_holder_id *id,
				    bool replaces, struct ockam_holder **out)
{
	struct ockam_holders *holders = &onet->holders;
	enum ockam_drop why = OCKAM_DROP_NO_MEMORY;
	struct ockam_holder *holder;

	mutex_lock(&holders->lock);
	holder = rhashtable_lookup_fast(&holders->table, id,
					ockam_holder_params);
	if (!holder)
		holder = ockam_holder_add(holders, id);
	if (holder)
		why = ockam_holder_check(holder, &onet->limits, replaces);
	if (!why)
		holder->relays++;
	else if (holder)
		ockam_holder_forget(holders, holder);
	mutex_unlock(&holders->lock);
	*out = holder;
	return why;
}

/**
 * ockam_holder_uncharge() - a relay is gone
 * @onet:   namespace state
 * @holder: whose it was
 *
 * Context: process.
 */
void ockam_holder_uncharge(struct ockam_net *onet, struct ockam_holder *holder)
{
	mutex_lock(&onet->holders.lock);
	holder->relays--;
	ockam_holder_forget(&onet->holders, holder);
	mutex_unlock(&onet->holders.lock);
}
