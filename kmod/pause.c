// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Back-pressure: who fills a full queue is paused until the queue has room. */

#include "endpoint.h"
#include "pause.h"

/**
 * ockam_source_init() - prepare a source
 * @source: source
 * @ep:     endpoint that it is part of
 * @resume: see struct ockam_source
 */
void ockam_source_init(struct ockam_source *source, struct ockam_endpoint *ep,
		       void (*resume)(struct ockam_source *source))
{
	INIT_LIST_HEAD(&source->entry);
	source->list = NULL;
	source->ep = ep;
	source->resume = resume;
}

/**
 * ockam_source_paused() - whether a source has to wait
 * @source: source
 *
 * Return: true until its queue resumes it.
 */
bool ockam_source_paused(const struct ockam_source *source)
{
	return READ_ONCE(source->list);
}

/**
 * ockam_waitlist_init() - prepare a list
 * @list: list
 */
void ockam_waitlist_init(struct ockam_waitlist *list)
{
	spin_lock_init(&list->lock);
	INIT_LIST_HEAD(&list->waiting);
}

/**
 * ockam_waitlist_pause() - a queue is full: pause who fed it
 * @list:   of the queue
 * @source: who; NULL for a local sender
 *
 * Called from the source's own context, so that it cannot be paused twice at
 * once; a source that another queue has paused stays there. The caller looks
 * at its queue once more afterwards: it may have been emptied meanwhile.
 */
void ockam_waitlist_pause(struct ockam_waitlist *list,
			  struct ockam_source *source)
{
	if (!source || READ_ONCE(source->list))
		return;
	if (!ockam_endpoint_tryget(source->ep))
		return;
	spin_lock_bh(&list->lock);
	list_add_tail(&source->entry, &list->waiting);
	WRITE_ONCE(source->list, list);
	spin_unlock_bh(&list->lock);
}

/**
 * ockam_waitlist_resume() - there is room: let everybody go on
 * @list: of the queue
 */
void ockam_waitlist_resume(struct ockam_waitlist *list)
{
	struct ockam_source *source;
	struct ockam_endpoint *ep;

	for (;;) {
		spin_lock_bh(&list->lock);
		source = list_first_entry_or_null(&list->waiting,
						  struct ockam_source, entry);
		if (source) {
			ep = source->ep;
			list_del_init(&source->entry);
			WRITE_ONCE(source->list, NULL);
		}
		spin_unlock_bh(&list->lock);
		if (!source)
			return;
		source->resume(source);
		ockam_endpoint_put(ep);
	}
}

/**
 * ockam_source_cancel() - take a source off the list that it waits on
 * @source: source; its owner is shutting down and feeds nothing any more
 *
 * The list may belong to an object that goes at the same time: whoever frees
 * a list resumes it first, after which no source points to it.
 */
void ockam_source_cancel(struct ockam_source *source)
{
	struct ockam_waitlist *list;
	bool mine = false;

	rcu_read_lock();
	list = READ_ONCE(source->list);
	if (list) {
		spin_lock_bh(&list->lock);
		if (source->list == list) {
			list_del_init(&source->entry);
			WRITE_ONCE(source->list, NULL);
			mine = true;
		}
		spin_unlock_bh(&list->lock);
	}
	rcu_read_unlock();
	if (mine)
		ockam_endpoint_put(source->ep);
}
