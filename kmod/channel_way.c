// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The way of a channel's messages: route, first hop, loss. */

#include "channel_way.h"
#include "node.h"
#include "notify.h"

/**
 * ockam_channel_get_remote() - the remote route as it is now
 * @ch: channel
 *
 * Return: the route with a reference; NULL when the channel never opened.
 */
struct ockam_remote *ockam_channel_get_remote(struct ockam_channel *ch)
{
	struct ockam_remote *remote;

	spin_lock_bh(&ch->lock);
	remote = ch->remote;
	if (remote)
		kref_get(&remote->ref);
	spin_unlock_bh(&ch->lock);
	return remote;
}

/* Look after the channel in @delay jiffies, and not before. From anywhere. */
static void ockam_channel_look_in(struct ockam_channel *ch, unsigned long delay)
{
	if (!ockam_endpoint_tryget(&ch->enc))
		return;
	/* What waits already has a reference of its own. */
	if (mod_delayed_work(ockam_wq, &ch->look, delay))
		ockam_channel_put(ch);
}

/* The first hop is gone: nothing is sealed until there is a new way. */
static void ockam_channel_lose(struct ockam_channel *ch)
{
	WRITE_ONCE(ch->lost, true);
	ockam_channel_look_in(ch, 0);
}

static void ockam_channel_first_hop(struct ockam_watch *watch,
				    enum ockam_watch_event event)
{
	if (event == OCKAM_WATCH_GONE)
		ockam_channel_lose(container_of(watch, struct ockam_channel,
						first_hop));
}

/* There is a way again. */
static void ockam_channel_found(struct ockam_channel *ch)
{
	lockdep_assert_held(&ch->rx_lock);
	if (!READ_ONCE(ch->lost))
		return;
	WRITE_ONCE(ch->lost, false);
	if (ch->told_lost)
		ockam_notify_peer(&ch->enc, OCKAM_EVENT_UP, OCKAM_DROP_NONE,
				  ch->peer);
	ch->told_lost = false;
	/* Its end may have been noted before the line above took that back. */
	if (READ_ONCE(ch->first_ep->dead))
		ockam_channel_lose(ch);
	else
		ockam_channel_look_in(ch, 0);
	ockam_channel_queue_tx(ch);
}

/**
 * ockam_channel_watch() - run over the first hop of a route
 * @ch:    channel, under rx_lock
 * @route: remote route
 *
 * The hop is watched, and told that authenticated peers are behind it. On
 * error the hop of before is watched on.
 *
 * Return: 0; -EHOSTUNREACH the node has no such hop.
 */
int ockam_channel_watch(struct ockam_channel *ch,
			const struct ockam_route *route)
{
	struct ockam_endpoint *ep, *old = ch->first_ep;
	struct ockam_addr first;

	lockdep_assert_held(&ch->rx_lock);
	if (!ockam_route_next(route, &first) || first.type)
		return -EHOSTUNREACH;
	ep = ockam_endpoint_lookup(ch->enc.node, first.value, first.len);
	if (!ep)
		return -EHOSTUNREACH;
	if (ep == old) {
		ockam_endpoint_put(ep);
		return 0;
	}
	if (old)
		ockam_endpoint_unwatch(old, &ch->first_hop);
	if (ockam_endpoint_watch(ep, &ch->first_hop)) {
		ockam_endpoint_put(ep);
		if (old && ockam_endpoint_watch(old, &ch->first_hop))
			ockam_channel_lose(ch);
		return -EHOSTUNREACH;
	}
	if (old)
		ockam_endpoint_put(old);
	ch->first_ep = ep;
	WRITE_ONCE(ep->authenticated, true);
	return 0;
}

/**
 * ockam_channel_follow() - take a new remote route
 * @ch:     channel, OPEN, under rx_lock
 * @remote: route; the reference is taken
 *
 * Return: 0; -EHOSTUNREACH its first hop is not there: nothing changes.
 */
int ockam_channel_follow(struct ockam_channel *ch, struct ockam_remote *remote)
{
	int err = ockam_channel_watch(ch, &remote->route);

	if (!err) {
		spin_lock_bh(&ch->lock);
		swap(ch->remote, remote);
		spin_unlock_bh(&ch->lock);
		ockam_channel_found(ch);
	}
	ockam_remote_put(remote);
	return err;
}

/**
 * ockam_channel_new_remote() - the responder follows the newest message's way
 * @ch:      channel, under rx_lock
 * @skb:     authentic message
 * @counter: its counter
 *
 * Return: the route to take, or NULL: it is to stay as it is.
 */
struct ockam_remote *ockam_channel_new_remote(struct ockam_channel *ch,
					      struct sk_buff *skb, u64 counter)
{
	struct ockam_route ret = ockam_msg_return(skb), front;
	struct ockam_remote *remote = NULL, *old;
	struct ockam_addr last;

	if (ch->role != OCKAM_RESPONDER || counter <= ch->route_counter)
		return NULL;
	old = ockam_channel_get_remote(ch);
	if (!old)
		return NULL;
	front = ockam_route_but_last(&old->route);
	if (!ockam_route_equal(&front, &ret) &&
	    ockam_route_last(&old->route, &last))
		remote = ockam_remote_make(ockam_meta(skb), &ret, &last);
	ockam_remote_put(old);
	return IS_ERR(remote) ? NULL : remote;
}

/* How long a channel without a way stays; the first look tells of it. */
static enum ockam_drop ockam_channel_look_lost(struct ockam_channel *ch,
					       unsigned long *again)
{
	const unsigned long linger = msecs_to_jiffies(ch->life.linger_ms);

	if (!linger)
		return OCKAM_DROP_TRANSPORT_LOST;
	if (!ch->told_lost) {
		ch->told_lost = true;
		ch->lost_until = jiffies + linger;
		ockam_notify(&ch->enc, OCKAM_EVENT_DOWN,
			     OCKAM_DROP_TRANSPORT_LOST);
		/* Who waits for room would wait in vain. */
		ockam_waitlist_resume(&ch->tx_wait);
	}
	if (time_after_eq(jiffies, ch->lost_until))
		return OCKAM_DROP_TRANSPORT_LOST;
	*again = ch->lost_until - jiffies;
	return OCKAM_DROP_NONE;
}

static enum ockam_drop ockam_channel_look_idle(struct ockam_channel *ch,
					       unsigned long *again)
{
	const unsigned long idle = msecs_to_jiffies(ch->life.idle_ms);
	const unsigned long since = jiffies - READ_ONCE(ch->active);

	if (!idle)
		return OCKAM_DROP_NONE;
	if (since >= idle)
		return OCKAM_DROP_IDLE;
	*again = idle - since;
	return OCKAM_DROP_NONE;
}

/*
 * Whether the channel's time is over. A channel that has its way and no limit
 * of idleness is not looked at: it costs no time.
 */
static void ockam_channel_look(struct work_struct *work)
{
	struct ockam_channel *ch = container_of(work, struct ockam_channel,
						look.work);
	enum ockam_drop why = OCKAM_DROP_NONE;
	unsigned long again = 0;

	mutex_lock(&ch->rx_lock);
	/* Who closes takes us off under rx_lock, after this state. */
	if (READ_ONCE(ch->state) == OCKAM_CHANNEL_OPEN) {
		why = READ_ONCE(ch->lost) ? ockam_channel_look_lost(ch, &again) :
					    ockam_channel_look_idle(ch, &again);
		if (again)
			ockam_channel_look_in(ch, again);
	}
	mutex_unlock(&ch->rx_lock);
	if (why)
		ockam_channel_close(ch, why);
	ockam_channel_put(ch);
}

/**
 * ockam_channel_way_init() - no way yet
 * @ch: channel
 */
void ockam_channel_way_init(struct ockam_channel *ch)
{
	INIT_DELAYED_WORK(&ch->look, ockam_channel_look);
	INIT_LIST_HEAD(&ch->first_hop.entry);
	ch->first_hop.event = ockam_channel_first_hop;
}

/**
 * ockam_channel_way_begin() - look after a channel
 * @ch: channel that has just opened, under rx_lock
 */
void ockam_channel_way_begin(struct ockam_channel *ch)
{
	lockdep_assert_held(&ch->rx_lock);
	ockam_channel_touch(ch);
	/* The first hop may have gone while nobody would have looked. */
	if (READ_ONCE(ch->lost) || ch->life.idle_ms)
		ockam_channel_look_in(ch, 0);
}

/**
 * ockam_channel_way_end() - a channel is closed
 * @ch: channel, CLOSED
 */
void ockam_channel_way_end(struct ockam_channel *ch)
{
	mutex_lock(&ch->rx_lock);
	if (ch->first_ep) {
		ockam_endpoint_unwatch(ch->first_ep, &ch->first_hop);
		ockam_endpoint_put(ch->first_ep);
		ch->first_ep = NULL;
	}
	if (cancel_delayed_work(&ch->look))
		ockam_channel_put(ch);
	mutex_unlock(&ch->rx_lock);
}

/**
 * ockam_channel_open_reply() - the peer may answer along a route
 * @ch:    channel
 * @route: to the peer; its first hop is where the answers come from
 *
 * Return: 0; -EDESTADDRREQ no route; -EHOSTUNREACH its first address is none
 * of a node's; -ECONNREFUSED the node has none such; -ENOMEM.
 */
int ockam_channel_open_reply(struct ockam_channel *ch,
			     const struct ockam_route *route)
{
	struct ockam_endpoint *hop;
	struct ockam_addr first;
	int err;

	if (!ockam_route_next(route, &first))
		return -EDESTADDRREQ;
	if (first.type != OCKAM_TYPE_LOCAL)
		return -EHOSTUNREACH;
	hop = ockam_endpoint_lookup(ch->enc.node, first.value, first.len);
	if (!hop)
		return -ECONNREFUSED;
	err = ockam_flow_admit(ch->enc.node, hop->flow, &ch->dec);
	ockam_endpoint_put(hop);
	return err;
}

/**
 * ockam_channel_set_route() - a new way for a live channel
 * @ch:       channel
 * @but_last: the new route without its last hop, which stays
 *
 * Messages that wait in the queue go the new way; what is in flight on the old
 * one is still taken.
 *
 * Return: 0; -ENOTCONN it is not open; -EDESTADDRREQ, -ECONNREFUSED,
 * -EHOSTUNREACH, -EMSGSIZE, -ENOMEM: nothing changes.
 */
int ockam_channel_set_route(struct ockam_channel *ch,
			    const struct ockam_route *but_last)
{
	struct ockam_remote *old, *way;
	struct ockam_addr last;
	int err;

	old = ockam_channel_get_remote(ch);
	if (!old || !ockam_route_last(&old->route, &last)) {
		ockam_remote_put(old);
		return -ENOTCONN;
	}
	way = ockam_remote_make(NULL, but_last, &last);
	ockam_remote_put(old);
	if (IS_ERR(way))
		return PTR_ERR(way);
	mutex_lock(&ch->rx_lock);
	err = READ_ONCE(ch->state) == OCKAM_CHANNEL_OPEN ?
	      ockam_channel_open_reply(ch, but_last) : -ENOTCONN;
	if (!err)
		err = ockam_channel_follow(ch, way);
	else
		ockam_remote_put(way);
	mutex_unlock(&ch->rx_lock);
	return err;
}

/**
 * ockam_channel_remote() - where a channel's messages go
 * @ch:    channel
 * @route: set to a slice of @dst
 * @dst:   memory
 * @size:  its bytes
 *
 * Return: 0, -ENOTCONN, -ENOSPC.
 */
int ockam_channel_remote(struct ockam_channel *ch, struct ockam_route *route,
			 u8 *dst, size_t size)
{
	struct ockam_remote *remote = ockam_channel_get_remote(ch);
	int err = -ENOTCONN;

	if (!remote)
		return err;
	err = -ENOSPC;
	if (remote->route.len <= size) {
		memcpy(dst, remote->hops, remote->route.len);
		err = ockam_route_parse(route, dst, remote->route.len);
	}
	ockam_remote_put(remote);
	return err;
}
