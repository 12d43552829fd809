/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Remote routes: where a channel's messages go, and with whose rights. */
#ifndef OCKAM_REMOTE_H
#define OCKAM_REMOTE_H

#include <linux/kref.h>
#include <linux/uidgid.h>
#include "msg.h"
#include "route.h"

/**
 * struct ockam_remote - a remote route, shared by those who use it
 * @ref:   references
 * @local: a local socket gave it: its rights decide about the first hop
 * @admin: that socket's
 * @uid:   that socket's
 * @route: slice of @hops
 * @hops:  the addresses; the last is the peer's decryptor
 */
struct ockam_remote {
	struct kref ref;
	bool local;
	bool admin;
	kuid_t uid;
	struct ockam_route route;
	u8 hops[];
};

/* @front, then @last if there is one; with the rights of who sent @from. */
struct ockam_remote *ockam_remote_make(const struct ockam_meta *from,
				       const struct ockam_route *front,
				       const struct ockam_addr *last);
void ockam_remote_put(struct ockam_remote *remote);

#endif /* OCKAM_REMOTE_H */
