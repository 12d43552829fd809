// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The memory behind a message's linear part: pages, in a chain of skbs. */

#include <linux/bvec.h>
#include <linux/sched.h>
#include <net/sock.h>
#include "msg.h"

#define OCKAM_MSG_LARGE		8192	/* from here on in large pages */
#define OCKAM_MSG_ALIGN(off)	ALIGN(off, SMP_CACHE_BYTES)

/* The skb whose frags end the payload: the last of the list, or the head. */
static struct sk_buff *ockam_msg_last(struct sk_buff *skb)
{
	struct sk_buff *last = skb_shinfo(skb)->frag_list;

	if (!last)
		return skb;
	while (last->next)
		last = last->next;
	return last;
}

static void ockam_msg_account(struct sk_buff *skb, struct sk_buff *last,
			      size_t len, size_t truesize)
{
	/* What a socket is charged for must not change under it. */
	if (skb->sk)
		truesize = 0;
	last->len += len;
	last->data_len += len;
	if (last != skb) {
		last->truesize += truesize;
		skb->len += len;
		skb->data_len += len;
	}
	skb->truesize += truesize;
}

/*
 * How many bytes behind the last one are ours, too: the rest of its page, or
 * what was not cut off yet from the large page that it lies in.
 */
static size_t ockam_msg_behind(const skb_frag_t *frag)
{
	struct page_frag *cut = &current->task_frag;
	size_t used = skb_frag_off(frag) + skb_frag_size(frag);

	if (!PageCompound(skb_frag_page(frag)))
		return used < PAGE_SIZE ? PAGE_SIZE - used : 0;
	return skb_frag_page(frag) == cut->page &&
	       OCKAM_MSG_ALIGN(used) == cut->offset ? cut->size - used : 0;
}

/* Use that: how many of @len bytes found room. */
static size_t ockam_msg_fill_page(struct sk_buff *skb, struct sk_buff *last,
				  size_t len)
{
	struct page_frag *cut = &current->task_frag;
	skb_frag_t *frag;

	if (!skb_shinfo(last)->nr_frags)
		return 0;
	frag = &skb_shinfo(last)->frags[skb_shinfo(last)->nr_frags - 1];
	len = min(len, ockam_msg_behind(frag));
	skb_frag_size_add(frag, len);
	if (len && PageCompound(skb_frag_page(frag)))
		cut->offset = OCKAM_MSG_ALIGN(skb_frag_off(frag) +
					      skb_frag_size(frag));
	ockam_msg_account(skb, last, len,
			  PageCompound(skb_frag_page(frag)) ? len : 0);
	return len;
}

/*
 * Memory for up to @len more bytes: how many lie at @offset of @page, of which
 * the caller has a reference; 0: none. Many bytes come from the large pages that
 * a task cuts its messages from, as those of TCP; where few would hold one of
 * these, they have a page of their own.
 */
static size_t ockam_msg_take(size_t len, gfp_t gfp, struct page **page,
			     unsigned int *offset)
{
	struct page_frag *cut = &current->task_frag;

	if (len < OCKAM_MSG_LARGE) {
		*page = alloc_page(gfp);
		*offset = 0;
		return *page ? min_t(size_t, len, PAGE_SIZE) : 0;
	}
	if (!skb_page_frag_refill(PAGE_SIZE, cut, gfp))
		return 0;
	*page = cut->page;
	*offset = cut->offset;
	get_page(cut->page);
	len = min_t(size_t, len, cut->size - cut->offset);
	cut->offset = OCKAM_MSG_ALIGN(cut->offset + len);
	return len;
}

static struct sk_buff *ockam_msg_chain(struct sk_buff *skb,
				       struct sk_buff *last, gfp_t gfp)
{
	struct sk_buff *next = alloc_skb(0, gfp);

	if (!next)
		return NULL;
	/* All its bytes are in pages, and stay there when it is trimmed. */
	skb_reserve(next, skb_tailroom(next));
	if (last == skb)
		skb_shinfo(skb)->frag_list = next;
	else
		last->next = next;
	if (!skb->sk)
		skb->truesize += next->truesize;
	return next;
}

/**
 * ockam_msg_grow() - room for more bytes behind the payload
 * @skb: message
 * @len: bytes
 * @gfp: flags
 *
 * The new bytes are uninitialised memory that is ours alone.
 *
 * Return: 0; -ENOMEM: the message is as it was.
 */
int ockam_msg_grow(struct sk_buff *skb, size_t len, gfp_t gfp)
{
	struct sk_buff *last = ockam_msg_last(skb);
	unsigned int was = skb->len, offset;
	struct page *page;
	size_t part;

	if (!skb_is_nonlinear(skb) && skb_tailroom(skb) >= (int)len) {
		skb_put(skb, len);
		return 0;
	}
	len -= ockam_msg_fill_page(skb, last, len);
	while (len) {
		if (skb_shinfo(last)->nr_frags == MAX_SKB_FRAGS) {
			last = ockam_msg_chain(skb, last, gfp);
			if (!last)
				goto err_trim;
		}
		part = ockam_msg_take(len, gfp, &page, &offset);
		if (!part)
			goto err_trim;
		skb_fill_page_desc(last, skb_shinfo(last)->nr_frags, page,
				   offset, part);
		ockam_msg_account(skb, last, part, PAGE_ALIGN(part));
		len -= part;
	}
	return 0;

err_trim:
	/* Cannot fail: nothing is cloned and we only cut what was added. */
	pskb_trim(skb, was);
	return -ENOMEM;
}

/**
 * ockam_msg_page_vecs() - the pieces of memory behind the linear part
 * @skb:   message
 * @off:   first byte that is wanted, behind the linear part
 * @vecs:  set to the pieces, which the message goes on owning
 * @most:  how many
 * @bytes: set to how many bytes they have
 *
 * Return: pieces that were set; more follow when they end before the message.
 */
int ockam_msg_page_vecs(const struct sk_buff *skb, u32 off,
			struct bio_vec *vecs, int most, size_t *bytes)
{
	const struct sk_buff *part = skb;
	const skb_frag_t *frag;
	int count = 0, i;
	u32 skip;

	off -= skb_headlen(skb);
	*bytes = 0;
	while (part) {
		/* See ockam_msg_chain(). */
		WARN_ON_ONCE(part != skb && skb_headlen(part));
		for (i = 0; i < skb_shinfo(part)->nr_frags; i++) {
			frag = &skb_shinfo(part)->frags[i];
			skip = min_t(u32, off, skb_frag_size(frag));
			off -= skip;
			if (skip == skb_frag_size(frag))
				continue;
			if (count == most)
				return count;
			vecs[count].bv_page = skb_frag_page(frag);
			vecs[count].bv_offset = skb_frag_off(frag) + skip;
			vecs[count].bv_len = skb_frag_size(frag) - skip;
			*bytes += vecs[count++].bv_len;
		}
		part = part == skb ? skb_shinfo(skb)->frag_list : part->next;
	}
	return count;
}
