/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Events that objects raise; netlink.c turns them into multicast messages. */
#ifndef OCKAM_NOTIFY_H
#define OCKAM_NOTIFY_H

#include <linux/types.h>
#include "stats.h"

struct ockam_endpoint;
struct ockam_node;

enum ockam_event {
	OCKAM_EVENT_NEW,	/* made */
	OCKAM_EVENT_UP,		/* connected, open, registered */
	OCKAM_EVENT_DOWN,	/* lost, but kept: it tries again */
	OCKAM_EVENT_REFUSED,	/* a peer or a request, with the reason */
	OCKAM_EVENT_CLOSED,	/* gone */
	OCKAM_EVENT_REFRESHED,	/* the peer's credential is new */
	OCKAM_EVENT_EXPIRED,	/* the peer's credential counts no more */
};

/* Context: process or softirq, no lock that netlink.c takes. Never fails. */
void ockam_notify(struct ockam_endpoint *ep, enum ockam_event event,
		  enum ockam_drop reason);
/* The same with an identifier, for refusals. @peer may be NULL. */
void ockam_notify_peer(struct ockam_endpoint *ep, enum ockam_event event,
		       enum ockam_drop reason, const u8 *peer);
void ockam_notify_node(struct ockam_node *node, enum ockam_event event);

#endif /* OCKAM_NOTIFY_H */
