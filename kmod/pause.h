/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Back-pressure: who fills a full queue is paused until the queue has room. */
#ifndef OCKAM_PAUSE_H
#define OCKAM_PAUSE_H

#include <linux/list.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct ockam_endpoint;

/*
 * What no queue has more of, but for one message: whoever makes one source after
 * the other can have each of them overshoot.
 */
#define OCKAM_QUEUE_BYTES	(64U << 20)
#define OCKAM_QUEUE_MSGS	16384

static inline bool ockam_queue_is_overfull(const struct sk_buff_head *queue,
					   size_t bytes)
{
	return bytes > OCKAM_QUEUE_BYTES ||
	       skb_queue_len(queue) > OCKAM_QUEUE_MSGS;
}

/**
 * struct ockam_source - an activity that feeds messages into dispatch
 * @entry:  in the waiting list of the one queue that paused it
 * @list:   that queue's list, NULL while running; written under its lock
 * @ep:     endpoint that the source is part of; a reference is held while
 *          paused
 * @resume: called in process or softirq context without locks when there is
 *          room again; may only queue work
 *
 * A source is a connection's receiver or a channel's drainer. It runs in one
 * context at a time. After each message that it dispatched it looks at
 * ockam_source_paused() and stops reading when that is true; @resume starts it
 * again. Nothing is dropped for it below OCKAM_QUEUE_BYTES and OCKAM_QUEUE_MSGS:
 * a queue overshoots by at most one message for each of its sources.
 */
struct ockam_source {
	struct list_head entry;
	struct ockam_waitlist *list;
	struct ockam_endpoint *ep;
	void (*resume)(struct ockam_source *source);
};

/**
 * struct ockam_waitlist - the sources that a full queue has paused
 * @lock:    protects @waiting; a leaf
 * @waiting: list of struct ockam_source
 */
struct ockam_waitlist {
	spinlock_t lock;
	struct list_head waiting;
};

void ockam_source_init(struct ockam_source *source, struct ockam_endpoint *ep,
		       void (*resume)(struct ockam_source *source));
bool ockam_source_paused(const struct ockam_source *source);
/* Take the source off whatever list it is on; the owner is shutting down. */
void ockam_source_cancel(struct ockam_source *source);
void ockam_waitlist_init(struct ockam_waitlist *list);
/* @source may be NULL (a local sender: its socket buffer is the limit). */
void ockam_waitlist_pause(struct ockam_waitlist *list,
			  struct ockam_source *source);
void ockam_waitlist_resume(struct ockam_waitlist *list);

#endif /* OCKAM_PAUSE_H */
