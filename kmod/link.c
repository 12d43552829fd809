// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Links: keep one connection, and one channel over it, up. */

#include <linux/random.h>
#include <linux/slab.h>
#include "handshake.h"
#include "link.h"
#include "node.h"
#include "notify.h"
#include "tcp.h"

/* What watchers and users ask of the link's work; bits of @wanted. */
enum {
	OCKAM_LINK_FAILED,	/* ockam_link_fail() was called */
	OCKAM_LINK_MOVED,	/* ockam_link_set_addr() was called */
};

/**
 * struct ockam_link - see link.h
 * @ep:        address and ops; nobody sends to it
 * @addr:      transport address, under @lock
 * @route:     from there to the channel listener; points into @data
 * @expose:    exposed addresses; points into @data
 * @trust:     acceptable peers
 * @owner:     of what it makes
 * @label:     name for users; points into @data
 * @host:      host name of @addr; points into @data
 * @project:   it is a project
 * @work:      the state machine; the only one that changes the fields below
 * @wanted:    requests to it
 * @stopped:   no further run
 * @conn:      connection, with a reference
 * @ch:        channel, with a reference
 * @conn_watch: on the connection
 * @ch_watch:  on the channel's encryptor
 * @deadline:  jiffies, when connecting fails; when waiting is over
 * @began:     jiffies, of the attempt or since when it is up
 * @backoff:   milliseconds before the next try; 0: from the beginning
 * @lock:      spinlock: what ockam_link_info() and ockam_link_hop() read
 * @state:     state
 * @reason:    why it was last down
 * @err:       errno of the last failure of the transport
 * @tries:     attempts since it was last up
 * @refused:   whom @trust did not accept, when @reason says so
 * @fail_reason: of ockam_link_fail()
 * @hop:       endpoint to send to, with a reference, when UP
 * @data:      memory of @route, @expose, @label and @host
 *
 * Lifetime: an endpoint like any; shutdown stops the work and drops what the
 * link made, after which only references keep it.
 */
struct ockam_link {
	struct ockam_endpoint ep;
	struct sockaddr_storage addr;
	struct ockam_route route;
	struct ockam_route expose;
	struct ockam_trust *trust;
	struct ockam_owner owner;
	const char *label;
	const char *host;
	bool project;
	struct delayed_work work;
	unsigned long wanted;
	bool stopped;
	struct ockam_conn *conn;
	struct ockam_channel *ch;
	struct ockam_watch conn_watch;
	struct ockam_watch ch_watch;
	unsigned long deadline;
	unsigned long began;
	u32 backoff;
	spinlock_t lock;
	enum ockam_link_state state;
	enum ockam_drop reason;
	int err;
	u32 tries;
	u8 refused[OCKAM_IDENTIFIER_LEN];
	enum ockam_drop fail_reason;
	struct ockam_endpoint *hop;
	u8 data[];
};

static struct ockam_link *ockam_link(struct ockam_endpoint *ep)
{
	return container_of(ep, struct ockam_link, ep);
}

static void ockam_link_kick(struct ockam_link *link)
{
	if (!READ_ONCE(link->stopped))
		mod_delayed_work(ockam_wq, &link->work, 0);
}

static void ockam_link_conn_event(struct ockam_watch *watch,
				  enum ockam_watch_event event)
{
	ockam_link_kick(container_of(watch, struct ockam_link, conn_watch));
}

static void ockam_link_ch_event(struct ockam_watch *watch,
				enum ockam_watch_event event)
{
	ockam_link_kick(container_of(watch, struct ockam_link, ch_watch));
}

static void ockam_link_set_state(struct ockam_link *link,
				 enum ockam_link_state state,
				 struct ockam_endpoint *hop)
{
	struct ockam_endpoint *old;

	spin_lock(&link->lock);
	link->state = state;
	old = link->hop;
	link->hop = hop;
	spin_unlock(&link->lock);
	if (old)
		ockam_endpoint_put(old);
}

/* Drop connection and channel, whatever state they are in. */
static void ockam_link_teardown(struct ockam_link *link)
{
	struct ockam_channel *ch = link->ch;
	struct ockam_conn *conn = link->conn;

	if (ch) {
		ockam_endpoint_unwatch(&ch->enc, &link->ch_watch);
		ockam_channel_close(ch, OCKAM_DROP_CLOSED);
		ockam_channel_put(ch);
		link->ch = NULL;
	}
	if (conn) {
		ockam_endpoint_unwatch(&conn->ep, &link->conn_watch);
		ockam_conn_close(conn, 0);
		ockam_endpoint_put(&conn->ep);
		link->conn = NULL;
	}
}

/*
 * Milliseconds before the next attempt: twice as many each time, and a bit that
 * nobody can foretell. What stayed up for long begins anew, what flaps does
 * not. An attempt that took its time was a pause itself.
 */
static u32 ockam_link_pause(struct ockam_link *link, bool was_up)
{
	const struct ockam_limits *limits = &link->ep.node->onet->limits;
	u32 low = READ_ONCE(limits->backoff_min);
	u32 high = max(low, READ_ONCE(limits->backoff_max));
	u32 took = jiffies_to_msecs(jiffies - link->began);
	u32 wait;

	if (was_up && took >= high)
		link->backoff = 0;
	wait = clamp(link->backoff, low, high);
	link->backoff = min(wait * 2, high);
	wait += get_random_u32() % (wait / 4 + 1);
	if (was_up)
		return wait;
	return took + low < wait ? wait - took : low;
}

/* Who was not acceptable, when that is why. */
static const u8 *ockam_link_refused(struct ockam_link *link,
				    enum ockam_drop reason)
{
	if (reason != OCKAM_DROP_HS_NOT_AUTHORIZED || !link->ch)
		return NULL;
	memcpy(link->refused, link->ch->peer, sizeof(link->refused));
	return link->refused;
}

static void ockam_link_down(struct ockam_link *link, enum ockam_drop reason,
			    int err)
{
	bool was_up = link->state == OCKAM_LINK_UP;
	const u8 *refused;
	unsigned long wait;

	spin_lock(&link->lock);
	link->reason = reason;
	link->err = err;
	refused = ockam_link_refused(link, reason);
	spin_unlock(&link->lock);
	ockam_link_set_state(link, OCKAM_LINK_WAITING, NULL);
	ockam_link_teardown(link);
	if (was_up)
		ockam_endpoint_tell(&link->ep, OCKAM_WATCH_UP);
	/* Not one event for each try: the first failure, and each loss. */
	if (was_up || link->tries == 1)
		ockam_notify_peer(&link->ep, OCKAM_EVENT_DOWN, reason, refused);
	wait = msecs_to_jiffies(ockam_link_pause(link, was_up));
	link->deadline = jiffies + wait;
	if (!READ_ONCE(link->stopped))
		queue_delayed_work(ockam_wq, &link->work, wait);
}

static void ockam_link_up(struct ockam_link *link, struct ockam_endpoint *hop)
{
	ockam_endpoint_get(hop);
	spin_lock(&link->lock);
	link->reason = OCKAM_DROP_NONE;
	link->err = 0;
	link->tries = 0;
	spin_unlock(&link->lock);
	clear_bit(OCKAM_LINK_FAILED, &link->wanted);
	clear_bit(OCKAM_LINK_MOVED, &link->wanted);
	link->began = jiffies;
	ockam_link_set_state(link, OCKAM_LINK_UP, hop);
	ockam_notify(&link->ep, OCKAM_EVENT_UP, OCKAM_DROP_NONE);
	ockam_endpoint_tell(&link->ep, OCKAM_WATCH_UP);
}

static void ockam_link_connect(struct ockam_link *link)
{
	const struct ockam_route none = {};
	struct sockaddr_storage addr;
	struct ockam_conn *conn;

	link->began = jiffies;
	spin_lock(&link->lock);
	link->tries++;
	addr = link->addr;
	spin_unlock(&link->lock);
	ockam_link_set_state(link, OCKAM_LINK_CONNECTING, NULL);
	conn = ockam_tcp_connect(link->ep.node, &addr, NULL,
				 link->route.count ? &none : &link->expose,
				 &link->owner);
	if (IS_ERR(conn)) {
		ockam_link_down(link, OCKAM_DROP_CLOSED, PTR_ERR(conn));
		return;
	}
	if (ockam_endpoint_watch(&conn->ep, &link->conn_watch)) {
		int err = READ_ONCE(conn->err);

		ockam_endpoint_put(&conn->ep);
		ockam_link_down(link, OCKAM_DROP_CLOSED, err);
		return;
	}
	link->conn = conn;
	link->deadline = jiffies + msecs_to_jiffies(OCKAM_LINK_CONNECT_MS);
	/* Wakes for the deadline; an event comes earlier. */
	queue_delayed_work(ockam_wq, &link->work,
			   READ_ONCE(conn->state) == OCKAM_CONN_CONNECTING ?
			   msecs_to_jiffies(OCKAM_LINK_CONNECT_MS) : 0);
}

/* The route to the listener, through our connection. */
static int ockam_link_listener_route(struct ockam_link *link,
				     struct ockam_route *route, u8 *buf,
				     size_t size)
{
	struct ockam_addr hop = ockam_endpoint_addr(&link->conn->ep);
	size_t len = ockam_addr_put(buf, size, &hop);

	if (len + link->route.len > size)
		return -EMSGSIZE;
	memcpy(buf + len, link->route.hops, link->route.len);
	return ockam_route_parse(route, buf, len + link->route.len);
}

static void ockam_link_secure(struct ockam_link *link)
{
	struct ockam_connect how = {
		.timeout_ms = OCKAM_LINK_SECURE_MS,
		.trust = link->trust,
		.owner = link->owner,
		.expose = link->expose,
	};
	struct ockam_channel *ch;
	size_t size;
	u8 *buf;
	int err;

	size = link->route.len + 2 + OCKAM_EP_NAME_MAX;
	buf = kmalloc(size, GFP_KERNEL);
	err = buf ? ockam_link_listener_route(link, &how.route, buf, size) :
	      -ENOMEM;
	if (err)
		goto fail;
	ockam_link_set_state(link, OCKAM_LINK_SECURING, NULL);
	ch = ockam_handshake_start(link->ep.node, &how);
	err = PTR_ERR_OR_ZERO(ch);
	if (err)
		goto fail;
	if (ockam_endpoint_watch(&ch->enc, &link->ch_watch)) {
		err = ockam_drop_errno(READ_ONCE(ch->reason));
		ockam_channel_put(ch);
		goto fail;
	}
	link->ch = ch;
	kfree(buf);
	if (READ_ONCE(ch->state) == OCKAM_CHANNEL_OPEN)
		ockam_link_kick(link);
	return;
fail:
	kfree(buf);
	ockam_link_down(link, err == -ENOKEY ? OCKAM_DROP_NO_IDENTITY :
			OCKAM_DROP_CLOSED, err);
}

static void ockam_link_connecting(struct ockam_link *link)
{
	switch (READ_ONCE(link->conn->state)) {
	case OCKAM_CONN_UP:
		if (link->route.count)
			ockam_link_secure(link);
		else
			ockam_link_up(link, &link->conn->ep);
		break;
	case OCKAM_CONN_CLOSED:
		ockam_link_down(link, OCKAM_DROP_CLOSED,
				READ_ONCE(link->conn->err));
		break;
	case OCKAM_CONN_CONNECTING:
		if (time_before(jiffies, link->deadline))
			queue_delayed_work(ockam_wq, &link->work,
					   link->deadline - jiffies);
		else
			ockam_link_down(link, OCKAM_DROP_CLOSED, -ETIMEDOUT);
		break;
	}
}

static void ockam_link_securing(struct ockam_link *link)
{
	switch (READ_ONCE(link->ch->state)) {
	case OCKAM_CHANNEL_OPEN:
		ockam_link_up(link, &link->ch->enc);
		break;
	case OCKAM_CHANNEL_CLOSED:
		ockam_link_down(link, READ_ONCE(link->ch->reason),
				READ_ONCE(link->conn->err));
		break;
	case OCKAM_CHANNEL_CONNECTING:
		if (READ_ONCE(link->conn->state) == OCKAM_CONN_CLOSED)
			ockam_link_down(link, OCKAM_DROP_CLOSED,
					READ_ONCE(link->conn->err));
		break;
	}
}

static void ockam_link_check(struct ockam_link *link)
{
	if (test_and_clear_bit(OCKAM_LINK_FAILED, &link->wanted))
		ockam_link_down(link, link->fail_reason, 0);
	else if (link->ch &&
		 READ_ONCE(link->ch->state) == OCKAM_CHANNEL_CLOSED)
		ockam_link_down(link, READ_ONCE(link->ch->reason), 0);
	else if (READ_ONCE(link->conn->state) == OCKAM_CONN_CLOSED)
		ockam_link_down(link, OCKAM_DROP_CLOSED,
				READ_ONCE(link->conn->err));
}

/* Whatever else woke the work does not make waiting shorter. */
static void ockam_link_waiting(struct ockam_link *link)
{
	bool moved = test_and_clear_bit(OCKAM_LINK_MOVED, &link->wanted);

	if (moved || !time_before(jiffies, link->deadline))
		ockam_link_connect(link);
	else
		queue_delayed_work(ockam_wq, &link->work,
				   link->deadline - jiffies);
}

static void ockam_link_work(struct work_struct *work)
{
	struct ockam_link *link = container_of(work, struct ockam_link,
					       work.work);

	if (READ_ONCE(link->stopped))
		return;
	switch (link->state) {
	case OCKAM_LINK_WAITING:
		ockam_link_waiting(link);
		break;
	case OCKAM_LINK_CONNECTING:
		ockam_link_connecting(link);
		break;
	case OCKAM_LINK_SECURING:
		ockam_link_securing(link);
		break;
	case OCKAM_LINK_UP:
		ockam_link_check(link);
		break;
	case OCKAM_LINK_STOPPED:
		break;
	}
}

static struct sk_buff *ockam_link_rcv(struct ockam_endpoint *ep,
				      struct sk_buff *skb,
				      struct ockam_ctx *ctx)
{
	return ockam_ctx_drop(ctx, ep->node, skb, OCKAM_DROP_NO_RECEIVER);
}

static void ockam_link_shutdown(struct ockam_endpoint *ep)
{
	struct ockam_link *link = ockam_link(ep);

	if (!ockam_endpoint_unpublish(ep))
		return;
	WRITE_ONCE(link->stopped, true);
	cancel_delayed_work_sync(&link->work);
	ockam_link_set_state(link, OCKAM_LINK_STOPPED, NULL);
	ockam_link_teardown(link);
	ockam_notify(ep, OCKAM_EVENT_CLOSED, OCKAM_DROP_NONE);
}

static void ockam_link_free(struct ockam_link *link)
{
	/* A kick may have read @stopped just before it was set. */
	cancel_delayed_work_sync(&link->work);
	ockam_trust_put(link->trust);
	ockam_endpoint_fini(&link->ep);
	ockam_ledger_destroyed(OCKAM_OBJ_LINK);
	kfree_rcu(link, ep.rcu);
}

static void ockam_link_release(struct ockam_endpoint *ep)
{
	ockam_link_free(ockam_link(ep));
}

static const struct ockam_endpoint_ops ockam_link_ops = {
	.kind = OCKAM_EP_LINK,
	.rcv = ockam_link_rcv,
	.shutdown = ockam_link_shutdown,
	.release = ockam_link_release,
};

static u8 *ockam_link_copy(u8 *to, struct ockam_route *dst,
			   const struct ockam_route *src)
{
	*dst = *src;
	dst->hops = to;
	memcpy(to, src->hops, src->len);
	return to + src->len;
}

static u8 *ockam_link_copy_text(u8 *to, const char **dst, const char *src)
{
	size_t size = strlen(src) + 1;

	*dst = memcpy(to, src, size);
	return to + size;
}

/* The address of a project's link: a node has one link to a project. */
static size_t ockam_link_name(u8 name[OCKAM_EP_NAME_MAX],
			      const struct ockam_link_config *config)
{
	return config->project ? scnprintf(name, OCKAM_EP_NAME_MAX,
					   "_project.%s", config->label) : 0;
}

/**
 * ockam_link_create() - make a link and start it
 * @node:   node
 * @config: where it leads; copied
 *
 * Return: its endpoint with a reference, or an ERR_PTR: -ENOMEM, -ESHUTDOWN,
 * -EMSGSIZE the route leaves no room for our own hop, -EADDRINUSE the node has a
 * link to this project.
 */
struct ockam_endpoint *
ockam_link_create(struct ockam_node *node,
		  const struct ockam_link_config *config)
{
	size_t texts = strlen(config->label) + strlen(config->host) + 2;
	u8 name[OCKAM_EP_NAME_MAX];
	size_t name_len = ockam_link_name(name, config);
	struct ockam_link *link;
	u8 *data;
	int err;

	if (config->route.count >= OCKAM_HOPS_MAX)
		return ERR_PTR(-EMSGSIZE);
	link = kzalloc(sizeof(*link) + config->route.len + config->expose.len +
		       texts, GFP_KERNEL_ACCOUNT);
	if (!link)
		return ERR_PTR(-ENOMEM);
	err = ockam_endpoint_init(&link->ep, node, &ockam_link_ops,
				  name_len ? name : NULL, name_len,
				  &config->owner);
	if (err) {
		kfree(link);
		return ERR_PTR(err);
	}
	ockam_ledger_created(OCKAM_OBJ_LINK);
	data = ockam_link_copy(link->data, &link->route, &config->route);
	data = ockam_link_copy(data, &link->expose, &config->expose);
	data = ockam_link_copy_text(data, &link->label, config->label);
	ockam_link_copy_text(data, &link->host, config->host);
	link->addr = config->addr;
	link->trust = config->trust ? ockam_trust_get(config->trust) : NULL;
	link->owner = config->owner;
	link->project = config->project;
	link->state = OCKAM_LINK_WAITING;
	link->deadline = jiffies;
	link->conn_watch.event = ockam_link_conn_event;
	link->ch_watch.event = ockam_link_ch_event;
	spin_lock_init(&link->lock);
	INIT_DELAYED_WORK(&link->work, ockam_link_work);
	err = ockam_endpoint_publish(&link->ep);
	if (err) {
		ockam_endpoint_put(&link->ep);
		return ERR_PTR(err);
	}
	ockam_notify(&link->ep, OCKAM_EVENT_NEW, OCKAM_DROP_NONE);
	ockam_link_kick(link);
	return &link->ep;
}

/**
 * ockam_link_info() - how a link is doing
 * @ep:   its endpoint
 * @info: filled in
 */
void ockam_link_info(struct ockam_endpoint *ep, struct ockam_link_info *info)
{
	struct ockam_link *link = ockam_link(ep);

	memset(info, 0, sizeof(*info));
	info->project = link->project;
	info->label = link->label;
	info->host = link->host;
	info->route = link->route;
	info->trust = link->trust;
	spin_lock(&link->lock);
	info->addr = link->addr;
	info->state = link->state;
	info->reason = link->reason;
	info->err = link->err;
	info->tries = link->tries;
	if (link->hop) {
		memcpy(info->hop, link->hop->name, sizeof(info->hop));
		info->has_peer = link->hop->ops->kind == OCKAM_EP_ENCRYPTOR;
		if (info->has_peer)
			memcpy(info->peer, ockam_channel_of(link->hop)->peer,
			       sizeof(info->peer));
	} else if (link->reason == OCKAM_DROP_HS_NOT_AUTHORIZED) {
		info->has_peer = true;
		memcpy(info->peer, link->refused, sizeof(info->peer));
	}
	spin_unlock(&link->lock);
}

/**
 * ockam_link_set_addr() - the host of a link has another address now
 * @ep:   its endpoint
 * @addr: the address, for the next attempt
 *
 * A link that waits for that begins it at once; one that is up stays as it is.
 */
void ockam_link_set_addr(struct ockam_endpoint *ep,
			 const struct sockaddr_storage *addr)
{
	struct ockam_link *link = ockam_link(ep);

	spin_lock(&link->lock);
	link->addr = *addr;
	spin_unlock(&link->lock);
	set_bit(OCKAM_LINK_MOVED, &link->wanted);
	ockam_link_kick(link);
}

/**
 * ockam_link_hop() - where to send what should go over a link
 * @ep: its endpoint
 *
 * Return: encryptor or sender with a reference; NULL when the link is not up.
 */
struct ockam_endpoint *ockam_link_hop(struct ockam_endpoint *ep)
{
	struct ockam_link *link = ockam_link(ep);
	struct ockam_endpoint *hop;

	spin_lock(&link->lock);
	hop = link->hop;
	if (hop)
		ockam_endpoint_get(hop);
	spin_unlock(&link->lock);
	return hop;
}

/**
 * ockam_link_fail() - what runs over a link got no answer: take it down
 * @ep:     its endpoint
 * @reason: why
 *
 * Context: any process context; the link tries again by itself.
 */
void ockam_link_fail(struct ockam_endpoint *ep, enum ockam_drop reason)
{
	struct ockam_link *link = ockam_link(ep);

	link->fail_reason = reason;
	set_bit(OCKAM_LINK_FAILED, &link->wanted);
	ockam_link_kick(link);
}
