// SPDX-License-Identifier: GPL-2.0 OR MIT
/* OCKAM_INFO: what it says in each state, and in buffers of each size. */
#define _GNU_SOURCE
#include <poll.h>
#include "scene.h"

static int get(int fd, void *info, socklen_t *len)
{
	return getsockopt(fd, SOL_OCKAM, OCKAM_INFO, info, len);
}

static struct ockam_info info_of(int fd)
{
	socklen_t len = sizeof(struct ockam_info);
	struct ockam_info info;

	memset(&info, 0xee, sizeof(info));
	if (get(fd, &info, &len) || len != sizeof(info))
		info.oi_state = 0xee;
	return info;
}

static void wait_readable(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	poll(&wait, 1, 20000);
}

TEST(buffers_of_each_size)
{
	unsigned char whole[sizeof(struct ockam_info) + 64], part[sizeof(whole)];
	int server = listening("srv"), fd = open_socket(SOCK_SEQPACKET), s;
	struct ockam_info info;
	socklen_t len, size, i;

	ASSERT_LE(0, server);
	ASSERT_EQ(0, connect_name(fd, "srv"));
	s = accept(server, NULL, NULL);
	ASSERT_LE(0, s);
	for (size = 0; size <= sizeof(whole); size++) {
		/* Nothing moves but the age; it lies across no test. */
		info = info_of(fd);
		info.oi_age = 0;
		memcpy(whole, &info, sizeof(info));
		memset(part, 0xaa, sizeof(part));
		len = size;
		ASSERT_EQ(0, get(fd, part, &len));
		ASSERT_EQ(size < sizeof(info) ? size : sizeof(info), len);
		if (len > offsetof(struct ockam_info, oi_age))
			memset(part + offsetof(struct ockam_info, oi_age), 0,
			       len - offsetof(struct ockam_info, oi_age) < 8 ?
			       len - offsetof(struct ockam_info, oi_age) : 8);
		ASSERT_EQ(0, memcmp(whole, part, len)) TH_LOG("size %u", size);
		/* What is behind it is as it was. */
		for (i = len; i < sizeof(part); i++)
			ASSERT_EQ(0xaa, part[i]);
	}
	len = -1;
	REFUSED(EINVAL, get(fd, part, &len));
	len = sizeof(info);
	REFUSED(EFAULT, get(fd, NULL, &len));
	REFUSED(EFAULT, get(fd, part, NULL));
	close(fd);
	close(s);
	close(server);
}

/* Each byte of a socket that is nothing yet is known */
TEST(a_fresh_socket)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };
	struct ockam_info info, none = {};
	socklen_t len = sizeof(int);
	int fd, i, limit;

	for (i = 0; i < 2; i++) {
		fd = open_socket(types[i]);
		ASSERT_EQ(0, getsockopt(fd, SOL_OCKAM, OCKAM_MAX_MSG, &limit,
					&len));
		none.oi_max_msg = limit;
		info = info_of(fd);
		EXPECT_EQ(0, memcmp(&info, &none, sizeof(info)));
		close(fd);
	}
}

TEST(a_worker)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b"), small = 8192, i;
	static char data[3000];
	struct ockam_info info;

	ASSERT_EQ(OCKAM_SOCK_IDLE, info_of(b).oi_state);
	EXPECT_NE(0, info_of(b).oi_node);
	ASSERT_EQ(0, connect_name(a, "b"));
	EXPECT_EQ(OCKAM_SOCK_OPEN, info_of(a).oi_state);
	EXPECT_EQ(0, info_of(a).oi_flags);
	EXPECT_EQ(1, send(a, "x", 1, 0));
	EXPECT_EQ(1, send(a, "y", 1, 0));
	info = info_of(b);
	EXPECT_EQ(2, info.oi_rx_queue);
	EXPECT_LT(2, info.oi_rx_memory);
	EXPECT_EQ(0, info.oi_lost);
	ASSERT_EQ(0, setsockopt(b, SOL_SOCKET, SO_RCVBUF, &small, 4));
	for (i = 0; send(a, data, sizeof(data), 0) > 0; i++)
		ASSERT_GT(1000, i);
	EXPECT_EQ(ENOBUFS, errno);
	send(a, data, sizeof(data), 0);
	info = info_of(b);
	EXPECT_EQ(2 + i, (int)info.oi_rx_queue);
	EXPECT_EQ(2, info.oi_lost);
	while (recv(b, data, sizeof(data), MSG_DONTWAIT) >= 0)
		;
	info = info_of(b);
	EXPECT_EQ(0, info.oi_rx_queue);
	EXPECT_EQ(0, info.oi_rx_memory);
	EXPECT_EQ(2, info.oi_lost);
	close(a);
	close(b);
}

TEST(a_listening_socket)
{
	int server = open_socket(SOCK_SEQPACKET), fd[2], i, s;
	struct sockaddr_ockam so = name_addr("srv");
	struct ockam_info info;

	ASSERT_EQ(0, bind(server, SA(so), sizeof(so)));
	ASSERT_EQ(0, listen(server, 7));
	info = info_of(server);
	EXPECT_EQ(OCKAM_SOCK_LISTENING, info.oi_state);
	EXPECT_EQ(7, info.oi_accept_max);
	EXPECT_EQ(0, info.oi_accept_queue);
	for (i = 0; i < 2; i++) {
		fd[i] = open_socket(SOCK_SEQPACKET);
		ASSERT_EQ(0, connect_name(fd[i], "srv"));
	}
	for (i = 0; i < 200 && info_of(server).oi_accept_queue < 2; i++)
		usleep(100000);
	EXPECT_EQ(2, info_of(server).oi_accept_queue);
	s = accept(server, NULL, NULL);
	EXPECT_EQ(1, info_of(server).oi_accept_queue);
	ASSERT_EQ(0, listen(server, 3));
	EXPECT_EQ(3, info_of(server).oi_accept_max);
	close(s);
	close(fd[0]);
	close(fd[1]);
	close(server);
}

TEST(a_channel)
{
	int server = listening("srv"), c = open_socket(SOCK_SEQPACKET), s, i;
	unsigned char id[OCKAM_ID_LEN];
	struct ockam_info near, far;
	socklen_t len = sizeof(id);
	char buf[16] = "0123456789abcdef";

	ASSERT_LE(0, server);
	ASSERT_EQ(0, connect_name(c, "srv"));
	s = accept(server, NULL, NULL);
	ASSERT_LE(0, s);
	ASSERT_EQ(0, getsockopt(c, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, id, &len));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(10, send(c, buf, 10, 0));
		ASSERT_EQ(10, recv(s, buf, 16, 0));
	}
	ASSERT_EQ(3, send(s, buf, 3, 0));
	wait_readable(c);
	near = info_of(c);
	far = info_of(s);
	EXPECT_EQ(OCKAM_SOCK_OPEN, near.oi_state);
	EXPECT_EQ(OCKAM_SOCK_OPEN, far.oi_state);
	EXPECT_EQ(OCKAM_SIDE_INITIATOR, near.oi_role);
	EXPECT_EQ(OCKAM_SIDE_RESPONDER, far.oi_role);
	EXPECT_EQ(OCKAM_SUITE_AES_256_GCM_SHA256, near.oi_suite);
	EXPECT_EQ(OCKAM_INFO_PEER, near.oi_flags);
	EXPECT_EQ(0, memcmp(near.oi_peer, id, sizeof(id)));
	EXPECT_EQ(100, near.oi_tx_msgs);
	EXPECT_EQ(1000, near.oi_tx_bytes);
	EXPECT_EQ(100, far.oi_rx_msgs);
	EXPECT_EQ(1000, far.oi_rx_bytes);
	EXPECT_EQ(1, near.oi_rx_msgs);
	EXPECT_EQ(3, near.oi_rx_bytes);
	EXPECT_EQ(1, near.oi_rx_queue);
	/* A key is for 32 messages; the receiver follows it. */
	EXPECT_EQ(3, near.oi_tx_rekeys);
	EXPECT_EQ(3, far.oi_rx_rekeys);
	EXPECT_EQ(0, near.oi_rx_rekeys);
	EXPECT_EQ(0, far.oi_tx_rekeys);
	EXPECT_EQ(0, far.oi_rx_replays);
	EXPECT_EQ(0, far.oi_rx_auth_failed);
	EXPECT_GT(300, near.oi_age);
	/* What is known stays when the channel goes. */
	close(c);
	wait_readable(s);
	far = info_of(s);
	EXPECT_EQ(OCKAM_SOCK_CLOSED, far.oi_state);
	EXPECT_EQ(100, far.oi_rx_msgs);
	EXPECT_EQ(0, memcmp(far.oi_peer, id, sizeof(id)));
	close(s);
	close(server);
}

TEST(the_age_of_a_channel)
{
	int server = listening("srv"), c = open_socket(SOCK_SEQPACKET);
	unsigned long long before;

	ASSERT_LE(0, server);
	ASSERT_EQ(0, connect_name(c, "srv"));
	before = info_of(c).oi_age;
	sleep(2);
	EXPECT_LE(before + 1, info_of(c).oi_age);
	EXPECT_GE(before + 60, info_of(c).oi_age);
	close(c);
	close(server);
}

TEST(while_connecting_and_after_it_failed)
{
	int fd = open_socket(SOCK_SEQPACKET), ms = 1000;
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	struct sockaddr_ockam to;
	int peer = silent_peer(&to);

	ASSERT_LE(0, peer);
	ASSERT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_HANDSHAKE_TIMEOUT, &ms,
				sizeof(ms)));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	REFUSED(EINPROGRESS, connect(fd, SA(to), sizeof(to)));
	EXPECT_EQ(OCKAM_SOCK_CONNECTING, info_of(fd).oi_state);
	EXPECT_EQ(OCKAM_SIDE_INITIATOR, info_of(fd).oi_role);
	EXPECT_EQ(0, info_of(fd).oi_flags);
	EXPECT_EQ(1, poll(&wait, 1, 20000));
	EXPECT_EQ(OCKAM_SOCK_CLOSED, info_of(fd).oi_state);
	EXPECT_EQ(0, info_of(fd).oi_flags);
	EXPECT_EQ(0, info_of(fd).oi_suite);
	close(fd);
	close(peer);
}

TEST(a_given_channel)
{
	int fd = open_socket(SOCK_SEQPACKET);
	struct sockaddr_ockam so;
	struct route route;

	ASSERT_EQ(0, given_channel(&route, "w", ""));
	route_add(&route, 0, "echo");
	so = make_addr(OCKAM_KIND_CHANNEL, route.hops, route.len);
	ASSERT_EQ(0, connect(fd, SA(so), sizeof(so)));
	EXPECT_EQ(OCKAM_INFO_PEER | OCKAM_INFO_GIVEN, info_of(fd).oi_flags);
	EXPECT_EQ(OCKAM_SOCK_OPEN, info_of(fd).oi_state);
	close(fd);
}
