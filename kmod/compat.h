/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the newest supported kernel has and an older one lacks. Included in
 * front of every file; Kbuild probes the headers and defines OCKAM_HAVE_*.
 */
#ifndef OCKAM_COMPAT_H
#define OCKAM_COMPAT_H

/*
 * struct sockaddr_unsized, since 6.19: address of bind and connect without a
 * length. Drop when 6.12 is no longer supported.
 */
#ifndef OCKAM_HAVE_SOCKADDR_UNSIZED
#define sockaddr_unsized sockaddr
#endif

/*
 * struct proto_accept_arg, since 6.10: arguments of proto_ops.accept. Drop
 * when 6.12 is the floor.
 */
#ifdef OCKAM_HAVE_PROTO_ACCEPT_ARG
#define OCKAM_ACCEPT_PARAMS	struct proto_accept_arg *arg
#define OCKAM_ACCEPT_FLAGS	(arg->flags)
#else
#define OCKAM_ACCEPT_PARAMS	int accept_flags, bool kern
#define OCKAM_ACCEPT_FLAGS	accept_flags
#endif

/*
 * genl_info_dump(), since 6.6: the parsed request of a dump. Drop when 6.12 is
 * the floor.
 */
#ifndef OCKAM_HAVE_GENL_INFO_DUMP
#define OCKAM_GENL_DUMP_ATTRS(cb)	(genl_dumpit_info(cb)->attrs)
#else
#define OCKAM_GENL_DUMP_ATTRS(cb)	(genl_info_dump(cb)->attrs)
#endif

/*
 * crypto_memneq() has a header of its own since 6.7. Drop when 6.12 is the
 * floor.
 */
#ifdef OCKAM_HAVE_CRYPTO_UTILS
#define OCKAM_CRYPTO_UTILS	<crypto/utils.h>
#else
#define OCKAM_CRYPTO_UTILS	<crypto/algapi.h>
#endif

/*
 * sk_net_refcnt_upgrade(), since 6.15 and in later releases of 6.12: a kernel
 * socket takes a reference on its namespace. Drop when 6.12 is the floor.
 */
#ifndef OCKAM_HAVE_SK_NET_REFCNT_UPGRADE
#define sk_net_refcnt_upgrade(sk)					\
	do {								\
		struct sock *__sk = (sk);				\
									\
		__sk->sk_net_refcnt = 1;				\
		get_net_track(sock_net(__sk), &__sk->ns_tracker, GFP_KERNEL); \
		sock_inuse_add(sock_net(__sk), 1);			\
	} while (0)
#endif

/*
 * sendmsg() takes pages by reference since 6.5, when kernel_sendpage() went.
 * Either way: how many bytes were taken, or an error. Drop the latter when 6.12
 * is the floor.
 */
#ifndef OCKAM_HAVE_KERNEL_SENDPAGE
#define ockam_sock_send_pages(sock, vecs, count, bytes, flags)		\
	({								\
		struct msghdr __msg = { .msg_flags = (flags) |		\
						     MSG_SPLICE_PAGES }; \
									\
		iov_iter_bvec(&__msg.msg_iter, ITER_SOURCE, vecs, count, \
			      bytes);					\
		sock_sendmsg(sock, &__msg);				\
	})
#else
#define ockam_sock_send_pages(sock, vecs, count, bytes, flags)		\
	({								\
		int __i, __n = 0, __sent = 0;				\
									\
		for (__i = 0; __i < (count); __i++) {			\
			__n = kernel_sendpage(sock, (vecs)[__i].bv_page, \
					      (vecs)[__i].bv_offset,	\
					      (vecs)[__i].bv_len,	\
					      __i + 1 == (count) ?	\
					      (flags) : (flags) |	\
					      MSG_MORE |		\
					      MSG_SENDPAGE_NOTLAST);	\
			if (__n > 0)					\
				__sent += __n;				\
			if (__n < (int)(vecs)[__i].bv_len)		\
				break;					\
		}							\
		__sent ?: __n;						\
	})
#endif

#ifndef OCKAM_HAVE_NET_SYSCTL_SZ
/* The table ends with an empty entry. */
#define register_net_sysctl_sz(net, path, table, size) \
	register_net_sysctl(net, path, table)
#endif

#endif /* OCKAM_COMPAT_H */
