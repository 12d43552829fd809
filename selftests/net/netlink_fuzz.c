// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Random requests to the netlink family, each of which must be answered:
 * netlink_fuzz SEED SECONDS WHO. WHO is "admin"; "nobody", who gets EPERM for
 * everything; "guest", root of a user namespace in the network namespace of
 * others, who gets the same; "tenant", root of a user and a network namespace.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "linux/ockam_genl.h"

#define ANSWER_SECONDS	60	/* an answer that takes longer is none */

struct request {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	__u8 attrs[60000];
};

static struct request req;
static int sock;
static __u32 seq;
static __u64 state;
static unsigned long sent, acked, refused, errors[4096];

static void die(const char *what)
{
	printf("# %s: %m; request %u\n", what, seq);
	exit(1);
}

static __u32 rnd(__u32 below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static void *put(__u16 type, const void *data, size_t len)
{
	struct nlattr *nla = (void *)((__u8 *)&req + req.head.nlmsg_len);

	if (req.head.nlmsg_len + NLA_HDRLEN + NLA_ALIGN(len) > sizeof(req))
		return NULL;
	nla->nla_type = type;
	nla->nla_len = NLA_HDRLEN + len;
	memset(nla + 1, 0, NLA_ALIGN(len));
	if (len)
		memcpy(nla + 1, data, len);
	req.head.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(len);
	return nla;
}

static void begin(__u16 family, __u8 cmd, __u16 flags)
{
	req.head = (struct nlmsghdr){
		.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
		.nlmsg_seq = ++seq,
	};
	req.genl = (struct genlmsghdr){ .cmd = cmd,
					.version = OCKAM_GENL_VERSION };
}

/* Send and read until the end of the answer; the error, 0 or negative. */
static int answer(void (*each)(const struct nlmsghdr *msg))
{
	static __u8 buf[1 << 17];
	const struct nlmsghdr *msg;
	int len;

	if (send(sock, &req, req.head.nlmsg_len, 0) < 0)
		die("send");
	sent++;
	for (;;) {
		len = recv(sock, buf, sizeof(buf), 0);
		if (len < 0)
			die("no answer");
		for (msg = (void *)buf; NLMSG_OK(msg, len);
		     msg = NLMSG_NEXT(msg, len)) {
			if (msg->nlmsg_seq != seq)
				continue;
			if (msg->nlmsg_type == NLMSG_ERROR ||
			    msg->nlmsg_type == NLMSG_DONE)
				return *(int *)NLMSG_DATA(msg);
			if (each)
				each(msg);
		}
	}
}

static __u16 family;

static const struct nlattr *find(const struct nlmsghdr *msg, __u16 type)
{
	const __u8 *at = (__u8 *)NLMSG_DATA(msg) + GENL_HDRLEN;
	const __u8 *end = (__u8 *)msg + msg->nlmsg_len;

	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *nla = (void *)at;

		if ((nla->nla_type & NLA_TYPE_MASK) == type)
			return nla;
		at += NLA_ALIGN(nla->nla_len);
	}
	return NULL;
}

static void take_family(const struct nlmsghdr *msg)
{
	const struct nlattr *nla = find(msg, CTRL_ATTR_FAMILY_ID);

	if (nla)
		family = *(__u16 *)(nla + 1);
}

/* What a good value looks like; what is not here is never accepted. */
enum form { NEVER, NAME, ADDRESS, TYPE, ROUTE, KEYS, KEY, IP, U16, U32, FLAG,
	    BLOB };

static const __u8 forms[OCKAM_A_MAX + 1] = {
	[OCKAM_A_NODE_NAME] = NAME, [OCKAM_A_KIND] = U32,
	[OCKAM_A_ADDRESS] = ADDRESS, [OCKAM_A_TYPE] = TYPE,
	[OCKAM_A_ROUTE] = ROUTE, [OCKAM_A_EXPOSE] = ROUTE,
	[OCKAM_A_IDENTIFIERS] = KEYS, [OCKAM_A_IP] = IP, [OCKAM_A_PORT] = U16,
	[OCKAM_A_LABEL] = NAME, [OCKAM_A_PROJECT] = FLAG,
	[OCKAM_A_SHARED] = FLAG, [OCKAM_A_IDENTITY_NAME] = NAME,
	[OCKAM_A_HISTORY] = BLOB, [OCKAM_A_ATTESTATION] = BLOB,
	[OCKAM_A_SECRET] = KEY, [OCKAM_A_DEFAULT] = FLAG,
	[OCKAM_A_GROUP_LOW] = U32, [OCKAM_A_GROUP_HIGH] = U32,
	[OCKAM_A_TIMEOUT_MS] = U32,
};

static void put_text(__u16 type, const char *const *texts, int count,
		     bool terminated)
{
	const char *text = texts[rnd(count)];

	put(type, text, strlen(text) + terminated);
}

static void put_route(__u16 type)
{
	static const char hop[] = "\0\4echo", tcp[] = "\1\016127.0.0.1:4000";
	__u8 route[512];
	size_t len = 0;
	int hops = rnd(5);

	while (hops--) {
		bool which = rnd(4);
		size_t one = which ? sizeof(hop) - 1 : sizeof(tcp) - 1;

		memcpy(route + len, which ? hop : tcp, one);
		len += one;
	}
	put(type, route, len);
}

static void put_good(__u16 type)
{
	static const char *const names[] = { "f0", "f1", "f2" };
	static const char *const addresses[] = { "echo", "api", "uppercase",
						 "hop", "relay1", "x" };
	static const char *const types[] = { "echo", "uppercase", "hop",
					     "relay" };
	static const __u8 loopback[] = { 127, 0, 0, 1 };
	static const __u8 bytes[200];
	__u32 number = rnd(12);
	__u16 port = rnd(3) ? 4000 + rnd(8) : 0;

	switch (forms[type]) {
	case NAME:
		put_text(type, names, 3, true);
		break;
	case ADDRESS:
		put_text(type, addresses, 6, false);
		break;
	case TYPE:
		put_text(type, types, 4, true);
		break;
	case ROUTE:
		put_route(type);
		break;
	case KEYS:
		put(type, bytes, 32 * rnd(4));
		break;
	case KEY:
		put(type, bytes, 32);
		break;
	case IP:
		put(type, loopback, sizeof(loopback));
		break;
	case U16:
		put(type, &port, sizeof(port));
		break;
	case U32:
		put(type, &number, sizeof(number));
		break;
	case FLAG:
		put(type, NULL, 0);
		break;
	default:
		put(type, bytes, rnd(sizeof(bytes)));
	}
}

static void put_random(__u16 type)
{
	static __u8 bytes[40000];
	size_t len = rnd(8) ? rnd(40) : rnd(sizeof(bytes));

	for (size_t i = 0; i < len && i < 400; i++)
		bytes[i] = rnd(256);
	put(type, bytes, len);
}

/* An attribute that is wrong in one of many ways. */
static void put_bad(__u16 type)
{
	struct nlattr *nla;
	__u32 inside = req.head.nlmsg_len;

	switch (rnd(7)) {
	case 0:
		put_random(type);
		return;
	case 1:			/* unknown, or only ever sent by the kernel */
		put_random(rnd(OCKAM_A_MAX + 20));
		return;
	case 2:			/* twice, with two values */
		put_good(type);
		put_good(type);
		return;
	case 3:			/* nested where nothing is, endlessly deep */
		nla = put(type | NLA_F_NESTED, NULL, 0);
		for (int deep = rnd(30); deep > 0; deep--)
			put(OCKAM_A_DROP | NLA_F_NESTED, NULL, 0);
		if (nla && req.head.nlmsg_len - inside < 65536)
			nla->nla_len = req.head.nlmsg_len - inside;
		return;
	case 4:			/* in network byte order, it says */
		put_good(type | NLA_F_NET_BYTEORDER);
		return;
	default:
		put_good(type);
		nla = (void *)((__u8 *)&req + inside);
		if (req.head.nlmsg_len > inside)
			nla->nla_len = rnd(3) ? nla->nla_len + rnd(9) - 4 :
				       rnd(65536);
	}
}

/* A request: mostly good attributes, the usual ones among them. */
static void make(void)
{
	static const __u8 usual[] = { OCKAM_A_NODE_NAME, OCKAM_A_ADDRESS,
		OCKAM_A_TYPE, OCKAM_A_ROUTE, OCKAM_A_IP, OCKAM_A_PORT,
		OCKAM_A_LABEL };
	__u8 cmd = rnd(16) ? 1 + rnd(OCKAM_CMD_MAX) : rnd(256);
	__u16 flags = rnd(8) ? 0 : rnd(2) ? NLM_F_DUMP : rnd(16) << 8;
	__u32 wrong = rnd(3) ? 0 : 1 + rnd(4);

	if (cmd == OCKAM_CMD_NODE_DEL && rnd(40))
		cmd = OCKAM_CMD_NODE_NEW;
	if (cmd == OCKAM_CMD_STATS_GET)
		flags |= NLM_F_DUMP;
	begin(family, cmd, flags);
	for (size_t i = 0; i < sizeof(usual); i++)
		if (rnd(5))
			put_good(usual[i]);
	for (__u32 more = rnd(5); more; more--) {
		__u16 type = 1 + rnd(OCKAM_A_MAX);

		if (forms[type])
			put_good(type);
	}
	while (wrong--)
		put_bad(1 + rnd(OCKAM_A_MAX));
	if (!rnd(40))
		req.genl.version = rnd(256);
	if (!rnd(40) && req.head.nlmsg_len > sizeof(req.head) + 8)
		req.head.nlmsg_len -= rnd(8);
	if (!rnd(100))		/* behind the header is nothing, or half of it */
		req.head.nlmsg_len = sizeof(req.head) + rnd(GENL_HDRLEN + 1);
}

/* Is the family still there for who may use it, or else EPERM. */
static void still_there(bool allowed)
{
	int err;

	begin(family, OCKAM_CMD_INFO_GET, 0);
	err = answer(NULL);
	if (err != (allowed ? 0 : -EPERM)) {
		errno = -err;
		die("information");
	}
}

static void run(int seconds, bool allowed)
{
	time_t end = time(NULL) + seconds;
	int err;

	while (time(NULL) < end) {
		make();
		err = answer(NULL);
		acked += !err;
		refused += err < 0;
		errors[err > -4096 && err < 0 ? -err : 0]++;
		if (err > 0 || err <= -4096) {
			errno = EPROTO;
			die("the answer is no error number");
		}
		if (!allowed && err != -EPERM && err != -EOPNOTSUPP &&
		    err != -EINVAL) {
			errno = -err;
			die("not permitted, and yet");
		}
	}
	still_there(allowed);
}

static char last_node[65];

static void take_node(const struct nlmsghdr *msg)
{
	const struct nlattr *nla = find(msg, OCKAM_A_NODE_NAME);

	if (nla)
		snprintf(last_node, sizeof(last_node), "%s", (char *)(nla + 1));
}

/* Delete all nodes; how many there were. */
static int clean(void)
{
	int count = 0;

	for (;; count++) {
		*last_node = '\0';
		begin(family, OCKAM_CMD_NODE_GET, NLM_F_DUMP);
		if (answer(take_node) || !*last_node)
			return count;
		begin(family, OCKAM_CMD_NODE_DEL, 0);
		put(OCKAM_A_NODE_NAME, last_node, strlen(last_node) + 1);
		errno = -answer(NULL);
		if (errno && errno != ENOENT)	/* another may be as fast */
			die("node delete");
	}
}

static void open_socket(void)
{
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int on = 1;

	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put(CTRL_ATTR_FAMILY_NAME, OCKAM_GENL_NAME, sizeof(OCKAM_GENL_NAME));
	if (answer(take_family) || !family)
		die("no such family");
}

int main(int argc, char **argv)
{
	bool nobody, guest, tenant;

	if (argc != 4)
		return 2;
	state = strtoull(argv[1], NULL, 0);
	nobody = !strcmp(argv[3], "nobody");
	guest = !strcmp(argv[3], "guest");
	tenant = !strcmp(argv[3], "tenant");
	if ((nobody || guest) && setresuid(65534, 65534, 65534))
		die("setresuid");
	if (guest && unshare(CLONE_NEWUSER))
		die("unshare");
	if (tenant && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		die("unshare");
	open_socket();
	run(atoi(argv[2]), !nobody && !guest);
	if (!nobody && !guest)
		printf("# %d nodes were left\n", clean());
	printf("# %s: %lu requests, %lu done, %lu refused (", argv[3], sent,
	       acked, refused);
	for (int i = 0; i < 4096; i++)
		if (errors[i] && i)
			printf("%s %lu ", strerrorname_np(i), errors[i]);
	puts(")");
	return 0;
}
