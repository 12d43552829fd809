// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Relay clients: register this node at a relay and stay registered. */

#include <linux/random.h>
#include <linux/slab.h>
#include "bytes.h"
#include "dispatch.h"
#include "flow.h"
#include "msg.h"
#include "node.h"
#include "notify.h"
#include "relay_client.h"
#include "wire.h"

#define OCKAM_RELAY_CLIENT_ANSWER_MS	10000	/* registration */
#define OCKAM_RELAY_CLIENT_PING_LEN	9	/* CBOR: 1b and eight bytes */

/* This name asks for an address that the relay chooses. */
static const char ockam_relay_client_any[] = "register";
static const char ockam_relay_client_ephemeral[] = "forwarding_service";
static const char ockam_relay_client_static[] = "static_forwarding_service";
static const char ockam_relay_client_echo[] = "echo";

/**
 * struct ockam_relay_client - see relay_client.h
 * @ep:       address M: confirmations, pings, and messages to pass on
 * @link:     its link, with a reference
 * @watch:    on the link
 * @work:     registers, pings; the only one that sends
 * @ready:    published: an answer finds it
 * @stopped:  no further run
 * @hop:      what we registered through, with a reference; work only
 * @deadline: jiffies of the next time-out or ping
 * @lock:     spinlock: the fields below
 * @state:    state
 * @hop_flow: flow of @hop: answers must come from there
 * @remote:   the relay's address
 * @remote_len: its bytes
 * @ping:     number that we wait for, 0 for none
 * @misses:   pings without an answer in a row
 * @alias:    name for users; points into @data
 * @name:     relay name; points into @data
 * @name_len: its bytes
 * @data:     memory of @alias and @name
 */
struct ockam_relay_client {
	struct ockam_endpoint ep;
	struct ockam_endpoint *link;
	struct ockam_watch watch;
	struct delayed_work work;
	bool ready;
	bool stopped;
	struct ockam_endpoint *hop;
	unsigned long deadline;
	spinlock_t lock;
	enum ockam_relay_client_state state;
	u32 hop_flow;
	u8 remote[OCKAM_ADDR_MAX];
	u8 remote_len;
	u64 ping;
	u32 misses;
	const char *alias;
	const u8 *name;
	u8 name_len;
	u8 data[];
};

static struct ockam_relay_client *
ockam_relay_client(struct ockam_endpoint *ep)
{
	return container_of(ep, struct ockam_relay_client, ep);
}

static void ockam_relay_client_kick(struct ockam_relay_client *rc)
{
	if (!READ_ONCE(rc->stopped))
		mod_delayed_work(ockam_wq, &rc->work, 0);
}

static void ockam_relay_client_event(struct ockam_watch *watch,
				     enum ockam_watch_event event)
{
	struct ockam_relay_client *rc =
		container_of(watch, struct ockam_relay_client, watch);

	if (READ_ONCE(rc->ready))
		ockam_relay_client_kick(rc);
}

/* Send @payload to a service at the other end of the link. */
static int ockam_relay_client_send(struct ockam_relay_client *rc,
				   const char *service, const void *payload,
				   size_t len)
{
	struct ockam_addr hop = ockam_endpoint_addr(rc->hop);
	struct ockam_addr own = ockam_endpoint_addr(&rc->ep);
	struct ockam_addr to = { .len = strlen(service),
				 .value = (const u8 *)service };
	u8 buf[2 * (2 + OCKAM_EP_NAME_MAX)];
	struct ockam_ctx ctx = {};
	struct ockam_route onward;
	struct sk_buff *skb;
	size_t used;
	int err;

	used = ockam_addr_put(buf, sizeof(buf), &hop);
	used += ockam_addr_put(buf + used, sizeof(buf) - used, &to);
	err = ockam_route_parse(&onward, buf, used);
	if (err)
		return err;
	skb = ockam_msg_from_bytes(payload, len, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = ockam_msg_set_onward(skb, &onward);
	if (!err)
		err = ockam_msg_push_return(skb, &own);
	if (err) {
		kfree_skb(skb);
		return err;
	}
	return ockam_dispatch(rc->ep.node, skb, &ctx);
}

static void ockam_relay_client_set_state(struct ockam_relay_client *rc,
					 enum ockam_relay_client_state state)
{
	spin_lock(&rc->lock);
	rc->state = state;
	if (state != OCKAM_RELAY_CLIENT_UP) {
		rc->ping = 0;
		rc->misses = 0;
	}
	spin_unlock(&rc->lock);
}

static void ockam_relay_client_wait(struct ockam_relay_client *rc, u32 ms)
{
	rc->deadline = jiffies + msecs_to_jiffies(ms);
	if (!READ_ONCE(rc->stopped))
		queue_delayed_work(ockam_wq, &rc->work, msecs_to_jiffies(ms));
}

static bool ockam_relay_client_is_ephemeral(const struct ockam_relay_client *rc)
{
	return rc->name_len == sizeof(ockam_relay_client_any) - 1 &&
	       !memcmp(rc->name, ockam_relay_client_any, rc->name_len);
}

static void ockam_relay_client_drop_hop(struct ockam_relay_client *rc)
{
	if (rc->hop)
		ockam_endpoint_put(rc->hop);
	rc->hop = NULL;
}

/* The link is up: register over it. Takes over the reference on @hop. */
static void ockam_relay_client_register(struct ockam_relay_client *rc,
					struct ockam_endpoint *hop)
{
	u8 payload[OCKAM_BARE_LEN_MAX + U8_MAX];
	int head, err;

	ockam_relay_client_drop_hop(rc);
	rc->hop = hop;
	spin_lock(&rc->lock);
	rc->hop_flow = hop->flow;
	spin_unlock(&rc->lock);
	ockam_relay_client_set_state(rc, OCKAM_RELAY_CLIENT_REGISTERING);
	/* Before the answer, which sets another deadline. */
	ockam_relay_client_wait(rc, OCKAM_RELAY_CLIENT_ANSWER_MS);
	err = ockam_flow_admit(rc->ep.node, hop->flow, &rc->ep);
	head = ockam_bare_put_len(payload, sizeof(payload), rc->name_len);
	if (err || head <= 0)
		return;
	memcpy(payload + head, rc->name, rc->name_len);
	/* An error here is a link that just went: its event follows. */
	ockam_relay_client_send(rc, ockam_relay_client_is_ephemeral(rc) ?
				ockam_relay_client_ephemeral :
				ockam_relay_client_static,
				payload, head + rc->name_len);
}

static void ockam_relay_client_lost(struct ockam_relay_client *rc)
{
	bool was_up = rc->state == OCKAM_RELAY_CLIENT_UP;

	ockam_relay_client_drop_hop(rc);
	ockam_relay_client_set_state(rc, OCKAM_RELAY_CLIENT_LINKING);
	if (was_up)
		ockam_notify(&rc->ep, OCKAM_EVENT_DOWN, OCKAM_DROP_CLOSED);
}

static void ockam_relay_client_no_answer(struct ockam_relay_client *rc)
{
	if (rc->state == OCKAM_RELAY_CLIENT_REGISTERING)
		ockam_notify(&rc->ep, OCKAM_EVENT_REFUSED,
			     OCKAM_DROP_NO_ANSWER);
	ockam_relay_client_lost(rc);
	ockam_link_fail(rc->link, OCKAM_DROP_NO_ANSWER);
}

static void ockam_relay_client_ping(struct ockam_relay_client *rc)
{
	const struct ockam_limits *limits = &rc->ep.node->onet->limits;
	u8 payload[OCKAM_RELAY_CLIENT_PING_LEN] = { 0x1b };
	bool dead;
	u64 ping;

	ping = get_random_u64() | BIT_ULL(63);
	spin_lock(&rc->lock);
	rc->misses = rc->ping ? rc->misses + 1 : 0;
	dead = rc->misses >= READ_ONCE(limits->ping_misses);
	rc->ping = ping;
	spin_unlock(&rc->lock);
	if (dead) {
		ockam_relay_client_no_answer(rc);
		return;
	}
	ockam_put_be64(payload + 1, ping);
	ockam_relay_client_send(rc, ockam_relay_client_echo, payload,
				sizeof(payload));
	ockam_relay_client_wait(rc, READ_ONCE(limits->ping_ms));
}

static void ockam_relay_client_work(struct work_struct *work)
{
	struct ockam_relay_client *rc =
		container_of(work, struct ockam_relay_client, work.work);
	struct ockam_endpoint *hop;
	bool due;

	if (READ_ONCE(rc->stopped))
		return;
	due = !time_before(jiffies, rc->deadline);
	hop = ockam_link_hop(rc->link);
	if (!hop) {
		ockam_relay_client_lost(rc);
		return;
	}
	if (hop != rc->hop) {
		ockam_relay_client_lost(rc);
		ockam_relay_client_register(rc, hop);
		return;
	}
	ockam_endpoint_put(hop);
	if (rc->state == OCKAM_RELAY_CLIENT_UP) {
		if (due)
			ockam_relay_client_ping(rc);
		else
			queue_delayed_work(ockam_wq, &rc->work,
					   rc->deadline - jiffies);
	} else if (due) {
		ockam_relay_client_no_answer(rc);
	} else {
		queue_delayed_work(ockam_wq, &rc->work, rc->deadline - jiffies);
	}
}

/* An answer to our ping? */
static bool ockam_relay_client_is_pong(struct ockam_relay_client *rc,
				       const u8 *data, size_t len)
{
	bool ours = false;

	if (len != OCKAM_RELAY_CLIENT_PING_LEN || data[0] != 0x1b)
		return false;
	spin_lock(&rc->lock);
	if (rc->ping && rc->ping == ockam_get_be64(data + 1)) {
		rc->ping = 0;
		rc->misses = 0;
		ours = true;
	}
	spin_unlock(&rc->lock);
	return ours;
}

/* The relay's confirmation: a string that ends with our name, if we said one. */
static bool ockam_relay_client_confirm(struct ockam_relay_client *rc,
				       struct sk_buff *skb, const u8 *data,
				       size_t size)
{
	struct ockam_route ret = ockam_msg_return(skb);
	struct ockam_addr remote;
	bool news;
	size_t len;
	int off;

	off = ockam_bare_get(data, size, &len);
	if (off < 0)
		return false;
	if (!ockam_relay_client_is_ephemeral(rc) &&
	    (len < rc->name_len || memcmp(data + off + len - rc->name_len,
					  rc->name, rc->name_len)))
		return false;
	if (!ockam_route_last(&ret, &remote) || remote.type)
		return false;
	spin_lock(&rc->lock);
	news = rc->state == OCKAM_RELAY_CLIENT_REGISTERING;
	if (news) {
		memcpy(rc->remote, remote.value, remote.len);
		rc->remote_len = remote.len;
		rc->state = OCKAM_RELAY_CLIENT_UP;
		/* The first ping goes out with the next run of the work. */
		rc->deadline = jiffies;
	}
	spin_unlock(&rc->lock);
	if (news) {
		ockam_notify(&rc->ep, OCKAM_EVENT_UP, OCKAM_DROP_NONE);
		ockam_endpoint_tell(&rc->ep, OCKAM_WATCH_UP);
		ockam_relay_client_kick(rc);
	}
	return true;
}

static struct sk_buff *ockam_relay_client_rcv(struct ockam_endpoint *ep,
					      struct sk_buff *skb,
					      struct ockam_ctx *ctx)
{
	struct ockam_relay_client *rc = ockam_relay_client(ep);
	struct ockam_route onward = ockam_msg_onward(skb);
	struct ockam_meta *meta = ockam_meta(skb);
	struct ockam_addr own = ockam_endpoint_addr(ep), next;
	const u8 *data;
	bool known;

	if (ockam_route_next(&onward, &next)) {
		/* Pass on, still as a message of the flow it came by. */
		if (ockam_addr_equal(&next, &own))
			return ockam_ctx_drop(ctx, ep->node, skb,
					      OCKAM_DROP_HOP_BUDGET);
		return skb;
	}
	if (meta->origin != OCKAM_ORIGIN_PRODUCER ||
	    meta->flow != READ_ONCE(rc->hop_flow))
		return ockam_ctx_drop(ctx, ep->node, skb,
				      OCKAM_DROP_NOT_EXPOSED);
	if (skb->len > OCKAM_BARE_LEN_MAX + OCKAM_ADDR_MAX)
		return ockam_ctx_drop(ctx, ep->node, skb,
				      OCKAM_DROP_MALFORMED);
	data = ockam_msg_linear(skb, skb->len);
	known = data && (ockam_relay_client_is_pong(rc, data, skb->len) ||
			 ockam_relay_client_confirm(rc, skb, data, skb->len));
	if (!known)
		return ockam_ctx_drop(ctx, ep->node, skb,
				      OCKAM_DROP_MALFORMED);
	consume_skb(skb);
	return NULL;
}

/* The end of it and of its link, whether or not it was ever published. */
static void ockam_relay_client_stop(struct ockam_relay_client *rc)
{
	WRITE_ONCE(rc->stopped, true);
	if (!rc->link)
		return;
	ockam_endpoint_unwatch(rc->link, &rc->watch);
	cancel_delayed_work_sync(&rc->work);
	ockam_relay_client_set_state(rc, OCKAM_RELAY_CLIENT_STOPPED);
	ockam_relay_client_drop_hop(rc);
	rc->link->ops->shutdown(rc->link);
}

static void ockam_relay_client_shutdown(struct ockam_endpoint *ep)
{
	struct ockam_relay_client *rc = ockam_relay_client(ep);

	if (!ockam_endpoint_unpublish(ep))
		return;
	ockam_relay_client_stop(rc);
	ockam_notify(ep, OCKAM_EVENT_CLOSED, OCKAM_DROP_NONE);
}

static void ockam_relay_client_release(struct ockam_endpoint *ep)
{
	struct ockam_relay_client *rc = ockam_relay_client(ep);

	/* A kick may have read @stopped just before it was set. */
	cancel_delayed_work_sync(&rc->work);
	if (rc->link)
		ockam_endpoint_put(rc->link);
	ockam_endpoint_fini(ep);
	ockam_ledger_destroyed(OCKAM_OBJ_RELAY_CLIENT);
	kfree_rcu(rc, ep.rcu);
}

static const struct ockam_endpoint_ops ockam_relay_client_ops = {
	.kind = OCKAM_EP_RELAY_CLIENT,
	.rcv = ockam_relay_client_rcv,
	.shutdown = ockam_relay_client_shutdown,
	.release = ockam_relay_client_release,
};

static int ockam_relay_client_start(struct ockam_relay_client *rc,
				    const struct ockam_link_config *config)
{
	struct ockam_endpoint *link;
	int err;

	link = ockam_link_create(rc->ep.node, config);
	if (IS_ERR(link))
		return PTR_ERR(link);
	rc->link = link;
	err = ockam_endpoint_watch(link, &rc->watch);
	return err ?: ockam_endpoint_publish(&rc->ep);
}

/**
 * ockam_relay_client_create() - register at a relay, now and ever again
 * @node:   node
 * @config: what and where; copied
 *
 * Return: its endpoint with a reference, or an ERR_PTR: -EINVAL the name is
 * empty, -ENOMEM, -ESHUTDOWN, -EMSGSIZE.
 */
struct ockam_endpoint *
ockam_relay_client_create(struct ockam_node *node,
			  const struct ockam_relay_client_config *config)
{
	size_t alias = strlen(config->alias) + 1;
	struct ockam_relay_client *rc;
	int err;

	if (!config->name_len)
		return ERR_PTR(-EINVAL);
	rc = kzalloc(sizeof(*rc) + alias + config->name_len,
		     GFP_KERNEL_ACCOUNT);
	if (!rc)
		return ERR_PTR(-ENOMEM);
	err = ockam_endpoint_init(&rc->ep, node, &ockam_relay_client_ops, NULL,
				  0, &config->link.owner);
	if (err) {
		kfree(rc);
		return ERR_PTR(err);
	}
	ockam_ledger_created(OCKAM_OBJ_RELAY_CLIENT);
	memcpy(rc->data, config->alias, alias);
	memcpy(rc->data + alias, config->name, config->name_len);
	rc->alias = (const char *)rc->data;
	rc->name = rc->data + alias;
	rc->name_len = config->name_len;
	rc->watch.event = ockam_relay_client_event;
	rc->deadline = jiffies;
	spin_lock_init(&rc->lock);
	INIT_DELAYED_WORK(&rc->work, ockam_relay_client_work);
	err = ockam_relay_client_start(rc, &config->link);
	if (err) {
		ockam_relay_client_stop(rc);
		ockam_endpoint_put(&rc->ep);
		return ERR_PTR(err);
	}
	ockam_notify(&rc->ep, OCKAM_EVENT_NEW, OCKAM_DROP_NONE);
	WRITE_ONCE(rc->ready, true);
	ockam_relay_client_kick(rc);
	return &rc->ep;
}

/**
 * ockam_relay_client_info() - how a relay client is doing
 * @ep:   its endpoint
 * @info: filled in
 */
void ockam_relay_client_info(struct ockam_endpoint *ep,
			     struct ockam_relay_client_info *info)
{
	struct ockam_relay_client *rc = ockam_relay_client(ep);

	memset(info, 0, sizeof(*info));
	ockam_link_info(rc->link, &info->link);
	info->alias = rc->alias;
	spin_lock(&rc->lock);
	info->state = rc->state;
	if (rc->state == OCKAM_RELAY_CLIENT_UP) {
		memcpy(info->remote, rc->remote, rc->remote_len);
		info->remote_len = rc->remote_len;
	}
	spin_unlock(&rc->lock);
}
