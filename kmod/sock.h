/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The socket family AF_OCKAM. */
#ifndef OCKAM_SOCK_H
#define OCKAM_SOCK_H

#include <net/sock.h>
#include "channel.h"
#include "endpoint.h"
#include "policy.h"
#include "../uapi/linux/ockam.h"

#define OCKAM_SK_FULL_MS	1000	/* then a datagram socket loses messages */
#define OCKAM_SK_CONNECT_MS	10000	/* automatic connection of a first hop */

struct ockam_conn;
struct ockam_sock;

/**
 * struct ockam_sk_ep - the address of a socket
 * @ep: address and ops
 * @sk: the socket, with a reference
 *
 * Apart from the socket, because dispatch may hold it while the socket closes.
 */
struct ockam_sk_ep {
	struct ockam_endpoint ep;
	struct sock *sk;
};

/**
 * struct ockam_sock - an AF_OCKAM socket
 * @sk:        must be first
 * @node_name: node chosen by option, terminated; empty: the default node
 * @ep:        address, NULL until bound; set once under the socket lock
 * @named:     bound to a name of the user's choice
 * @admin:     opener had CAP_NET_ADMIN in the namespace's owner
 * @recv_route: OCKAM_RECV_ROUTE
 * @recv_peer: OCKAM_RECV_PEER
 * @route:     OCKAM_ROUTE option, or the destination of connect(); binary
 * @admitted:  flow to which the reply path is open already
 * @full:      waitlist of the sources that fill the receive queue
 * @full_work: runs when the queue stayed full for OCKAM_SK_FULL_MS
 * @lossy:     it did: messages are dropped until there is room
 * @lost:      messages that found the queue full
 * @trust:     OCKAM_AUTHORIZED; NULL: anyone
 * @timeout_ms: OCKAM_HANDSHAKE_TIMEOUT, 0 for the default
 * @ch:        SEQPACKET: the channel, with a reference
 * @restart:   SEQPACKET: connect() was interrupted, and will be called again
 * @given:     SEQPACKET: @ch is not the socket's own, and outlives it
 * @flow:      of the channel; 0 without one
 * @watch:     on its encryptor
 * @first:     SEQPACKET: connection that the channel is opened over, with a
 *            reference; NULL when the route began with something else
 * @first_watch: on it
 * @port:      SEQPACKET: last hop of the route to the listener
 * @port_len:  its bytes
 * @listener:  SEQPACKET, listening: channel listener, with a reference
 * @accept_lock: protects @accept_list and its bound
 * @accept_list: accepted children, by their @accept_entry
 * @accept_entry: in the parent's list
 *
 * Locking: the socket lock covers configuration and state changes; the receive
 * queue has its own. Dispatch reaches the socket through @ep only.
 */
struct ockam_sock {
	struct sock sk;
	char node_name[OCKAM_NODE_NAME_MAX + 1];
	struct ockam_sk_ep *ep;
	bool named;
	bool admin;
	bool recv_route;
	bool recv_peer;
	struct ockam_route route;
	u32 admitted;
	struct ockam_waitlist full;
	struct delayed_work full_work;
	bool lossy;
	atomic64_t lost;
	struct ockam_trust *trust;
	u32 timeout_ms;
	struct ockam_channel *ch;
	bool restart;
	bool given;
	u32 flow;
	struct ockam_watch watch;
	struct ockam_endpoint *first;
	struct ockam_watch first_watch;
	u8 port[OCKAM_EP_NAME_MAX];
	u8 port_len;
	struct ockam_endpoint *listener;
	spinlock_t accept_lock;
	struct list_head accept_list;
	struct list_head accept_entry;
};

static inline struct ockam_sock *ockam_sk(const struct sock *sk)
{
	return (struct ockam_sock *)sk;
}

/* af_ockam.c APIs: */
int ockam_sock_init(int family);	/* registers; 0: first free of the list */
void ockam_sock_exit(void);
int ockam_sock_family(void);		/* the number in use */
struct sock *ockam_sk_alloc(struct net *net, struct socket *sock, int type,
			    bool kern);
int ockam_sk_bind_locked(struct sock *sk, struct ockam_node *node,
			 const u8 *name, size_t len);
int ockam_sk_autobind(struct sock *sk, u32 node_index);
struct ockam_owner ockam_sk_owner(const struct ockam_sock *os);
int ockam_sk_set_route(struct ockam_sock *os, const u8 *hops, size_t len);
void ockam_sk_close(struct sock *sk);
int ockam_sk_check_addr(struct sockaddr_ockam *out, const void *addr, int len);

/* sock_io.c APIs: */
struct sk_buff *ockam_sk_rcv(struct ockam_endpoint *ep, struct sk_buff *skb,
			     struct ockam_ctx *ctx);
struct sk_buff *ockam_sk_sink(struct ockam_endpoint *ep, struct sk_buff *skb,
			      struct ockam_ctx *ctx);
void ockam_sk_full_work(struct work_struct *work);
u32 ockam_sk_queue_len(const struct ockam_endpoint *ep);
void ockam_sk_room(struct sock *sk);
int ockam_sk_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int ockam_sk_recvmsg(struct socket *sock, struct msghdr *msg, size_t len,
		     int flags);
struct ockam_conn *ockam_sk_first_hop(struct sock *sk,
				      const struct ockam_route *route);

/* sock_channel.c APIs: */
int ockam_sk_connect_channel(struct sock *sk, const struct ockam_route *route,
			     int flags);
int ockam_sk_use_channel(struct sock *sk, const struct ockam_route *route);
void ockam_sk_info(struct sock *sk, struct ockam_info *info);
int ockam_sk_listen(struct socket *sock, int backlog);
struct sock *ockam_sk_accept_next(struct sock *sk, int flags, int *err);
void ockam_sk_close_channel(struct sock *sk);

#endif /* OCKAM_SOCK_H */
