// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Remote routes: where a channel's messages go, and with whose rights. */

#include <linux/slab.h>
#include "remote.h"

static void ockam_remote_release(struct kref *ref)
{
	kfree(container_of(ref, struct ockam_remote, ref));
}

/**
 * ockam_remote_put() - drop a reference
 * @remote: route or NULL
 */
void ockam_remote_put(struct ockam_remote *remote)
{
	if (remote)
		kref_put(&remote->ref, ockam_remote_release);
}

/**
 * ockam_remote_make() - a route, with one reference
 * @from:  of the message that had it as return route, or NULL
 * @front: addresses; copied
 * @last:  one more, or NULL
 *
 * A producer puts its own address in front of a return route; who sends from a
 * socket can put there what it likes, and must not get further by way of a
 * channel than it would by itself: its rights stay with the route.
 *
 * Return: the route or an ERR_PTR: -EMSGSIZE, -EINVAL, -ENOMEM.
 */
struct ockam_remote *ockam_remote_make(const struct ockam_meta *from,
				       const struct ockam_route *front,
				       const struct ockam_addr *last)
{
	size_t len = front->len + (last ? 2 + last->len : 0);
	struct ockam_remote *remote;
	int err;

	remote = kmalloc(sizeof(*remote) + len, GFP_KERNEL_ACCOUNT);
	if (!remote)
		return ERR_PTR(-ENOMEM);
	kref_init(&remote->ref);
	remote->local = from && from->origin == OCKAM_ORIGIN_SOCKET;
	remote->admin = remote->local && from->admin;
	remote->uid = remote->local ? from->uid : INVALID_UID;
	memcpy(remote->hops, front->hops, front->len);
	if (last)
		ockam_addr_put(remote->hops + front->len, 2 + last->len, last);
	err = ockam_route_parse(&remote->route, remote->hops, len);
	if (!err)
		return remote;
	kfree(remote);
	return ERR_PTR(err);
}
