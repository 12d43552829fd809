/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The way of a channel's messages: route, first hop, loss. For channel.c. */
#ifndef OCKAM_CHANNEL_WAY_H
#define OCKAM_CHANNEL_WAY_H

#include "channel.h"
#include "remote.h"

void ockam_channel_way_init(struct ockam_channel *ch);
/* The channel is open, under rx_lock: from now on it is looked after. */
void ockam_channel_way_begin(struct ockam_channel *ch);
/* It is closed: nobody looks after it any more. */
void ockam_channel_way_end(struct ockam_channel *ch);

/* The remote route with a reference, or NULL: the channel never opened. */
struct ockam_remote *ockam_channel_get_remote(struct ockam_channel *ch);
/* Under rx_lock. -EHOSTUNREACH: the first hop is not there. */
int ockam_channel_watch(struct ockam_channel *ch,
			const struct ockam_route *route);
/* Under rx_lock. Take a new remote route; takes the reference. */
int ockam_channel_follow(struct ockam_channel *ch, struct ockam_remote *remote);
/*
 * Under rx_lock. The way back that an authentic message with this counter
 * shows, when it is another one and to be followed; else NULL.
 */
struct ockam_remote *ockam_channel_new_remote(struct ockam_channel *ch,
					      struct sk_buff *skb, u64 counter);

/* There was traffic. */
static inline void ockam_channel_touch(struct ockam_channel *ch)
{
	const unsigned long now = jiffies;

	if (READ_ONCE(ch->active) != now)
		WRITE_ONCE(ch->active, now);
}

/* In channel.c: let the queue be drained, from any context. */
void ockam_channel_queue_tx(struct ockam_channel *ch);

#endif /* OCKAM_CHANNEL_WAY_H */
