// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Built-in services: echo, uppercase, hop. */

#include <linux/ctype.h>
#include <linux/slab.h>
#include "msg.h"
#include "node.h"
#include "notify.h"
#include "service.h"
#include "wire.h"

static void ockam_service_upper(u8 *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (data[i] >= 'a' && data[i] <= 'z')
			data[i] -= 'a' - 'A';
}

/* Map the bytes from @off to the end of one skb's own data and frags. */
static void ockam_service_upper_skb(struct sk_buff *skb, unsigned int off)
{
	u32 len = skb_headlen(skb), rest, at, done, part, i;
	struct page *page;
	skb_frag_t *frag;
	u8 *mapped;

	if (off < len)
		ockam_service_upper(skb->data + off, len - off);
	off = off > len ? off - len : 0;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		frag = &skb_shinfo(skb)->frags[i];
		len = skb_frag_size(frag);
		rest = off < len ? len - off : 0;
		skb_frag_foreach_page(frag, skb_frag_off(frag) + off, rest,
				      page, at, part, done) {
			mapped = kmap_local_page(page);
			ockam_service_upper(mapped + at, part);
			kunmap_local(mapped);
		}
		off = off > len ? off - len : 0;
	}
}

/*
 * The payload is a BARE string; what follows it is not part of the answer. The
 * mapping is that of ASCII: other letters stay as they are.
 */
static int ockam_service_uppercase(struct sk_buff **skb)
{
	struct sk_buff *frag;
	unsigned int head;
	size_t len;
	u8 *data;
	int off, err;

	head = min_t(unsigned int, (*skb)->len, OCKAM_BARE_LEN_MAX);
	data = ockam_msg_linear(*skb, head);
	if (!data)
		return -ENOMEM;
	/* The bytes need not be at hand: only the varint is looked at. */
	off = ockam_bare_get_len(data, head, &len);
	if (off < 0 || len > (*skb)->len - off)
		return -EBADMSG;
	err = ockam_msg_trim(*skb, off + len);
	if (!err)
		err = ockam_msg_make_ours(skb);
	if (err)
		return err;
	ockam_service_upper_skb(*skb, off);
	skb_walk_frags(*skb, frag)
		ockam_service_upper_skb(frag, 0);
	return 0;
}

static enum ockam_drop ockam_service_drop_reason(int err)
{
	switch (err) {
	case -EBADMSG:
		return OCKAM_DROP_MALFORMED;
	case -EMSGSIZE:
		return OCKAM_DROP_TOO_MANY_HOPS;
	default:
		return OCKAM_DROP_NO_MEMORY;
	}
}

/*
 * Answers go back along the return route. A hop lets the message go on along
 * its onward route: whoever reaches a hop reaches what the node does, which is
 * why none is started by default.
 */
static struct sk_buff *ockam_service_rcv(struct ockam_endpoint *ep,
					 struct sk_buff *skb,
					 struct ockam_ctx *ctx)
{
	struct ockam_service *service = ockam_service(ep);
	struct ockam_addr own = ockam_endpoint_addr(ep);
	int err = 0;

	if (service->type == OCKAM_SERVICE_UPPERCASE)
		err = ockam_service_uppercase(&skb);
	if (!err)
		err = service->type == OCKAM_SERVICE_HOP ?
		      ockam_msg_push_return(skb, &own) :
		      ockam_msg_answer(skb, &own);
	if (err)
		return ockam_ctx_drop(ctx, ep->node, skb,
				      ockam_service_drop_reason(err));
	atomic64_inc(&service->messages);
	/* A local user gets no further by way of a hop than without it. */
	if (service->type != OCKAM_SERVICE_HOP ||
	    ockam_meta(skb)->origin != OCKAM_ORIGIN_SOCKET)
		ockam_msg_fresh(skb);
	return skb;
}

static void ockam_service_shutdown(struct ockam_endpoint *ep)
{
	if (ockam_endpoint_unpublish(ep))
		ockam_notify(ep, OCKAM_EVENT_CLOSED, OCKAM_DROP_NONE);
}

static void ockam_service_release(struct ockam_endpoint *ep)
{
	struct ockam_service *service = ockam_service(ep);

	ockam_endpoint_fini(ep);
	kfree_rcu(service, ep.rcu);
}

#define OCKAM_SERVICE_OPS(name) {			\
	.kind = OCKAM_EP_SERVICE,			\
	.type = name,					\
	.rcv = ockam_service_rcv,			\
	.shutdown = ockam_service_shutdown,		\
	.release = ockam_service_release,		\
}

static const struct ockam_endpoint_ops ockam_service_ops[] = {
	[OCKAM_SERVICE_ECHO] = OCKAM_SERVICE_OPS("echo"),
	[OCKAM_SERVICE_UPPERCASE] = OCKAM_SERVICE_OPS("uppercase"),
	[OCKAM_SERVICE_HOP] = OCKAM_SERVICE_OPS("hop"),
};

/**
 * ockam_service_type_name() - what users call a type
 * @type: type
 *
 * Return: its name, which is also its usual address.
 */
const char *ockam_service_type_name(enum ockam_service_type type)
{
	return ockam_service_ops[type].type;
}

/**
 * ockam_service_type() - the type of that name
 * @name: terminated text
 *
 * Return: enum ockam_service_type, or -EINVAL.
 */
int ockam_service_type(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ockam_service_ops); i++)
		if (!strcmp(ockam_service_ops[i].type, name))
			return i;
	return -EINVAL;
}

/**
 * ockam_service_start() - start a built-in service
 * @node:     node
 * @type:     what it does
 * @name:     address; NULL for the usual one
 * @name_len: its bytes
 * @owner:    owner
 *
 * Return: 0, -EADDRINUSE, -EINVAL, -ENAMETOOLONG, -ENOMEM, -ESHUTDOWN.
 */
int ockam_service_start(struct ockam_node *node, enum ockam_service_type type,
			const u8 *name, size_t name_len,
			const struct ockam_owner *owner)
{
	struct ockam_service *service;
	int err;

	if (!name) {
		name = (const u8 *)ockam_service_type_name(type);
		name_len = strlen(ockam_service_type_name(type));
	}
	service = kzalloc(sizeof(*service), GFP_KERNEL_ACCOUNT);
	if (!service)
		return -ENOMEM;
	service->type = type;
	err = ockam_endpoint_init(&service->ep, node, &ockam_service_ops[type],
				  name, name_len, owner);
	if (err) {
		kfree(service);
		return err;
	}
	err = ockam_endpoint_publish(&service->ep);
	if (!err)
		ockam_notify(&service->ep, OCKAM_EVENT_NEW, OCKAM_DROP_NONE);
	ockam_endpoint_put(&service->ep);
	return err;
}
