// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * AF_OCKAM as programs see it: datagram workers, channels as SOCK_SEQPACKET,
 * and what each call says about bad input. One node, w, made by scene.sh.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/ockam.h>
#include "sockets.h"

FIXTURE(ockam) {
	char home[32];
};

FIXTURE_SETUP(ockam)
{
	strcpy(self->home, "/tmp/ockam.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->home));
	setenv("OCKAM_HOME", self->home, 1);
	ASSERT_EQ(0, system("./scene.sh up > /dev/null"));
}

FIXTURE_TEARDOWN(ockam)
{
	char line[64];

	EXPECT_EQ(0, system("./scene.sh down > /dev/null"));
	snprintf(line, sizeof(line), "rm -rf %s", self->home);
	EXPECT_EQ(0, system(line));
}

TEST_F(ockam, dgram_answers_along_the_return_route)
{
	struct sockaddr_ockam to = name_addr("b"), from;
	socklen_t len = sizeof(from);
	int a = open_socket(SOCK_DGRAM), b = worker("b");
	char buf[16];

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	EXPECT_EQ(4, sendto(a, "ping", 4, 0, SA(to), sizeof(to)));
	EXPECT_EQ(4, recvfrom(b, buf, sizeof(buf), 0, SA(from), &len));
	EXPECT_EQ(0, memcmp(buf, "ping", 4));
	EXPECT_EQ(OCKAM_KIND_ROUTE, from.so_kind);
	EXPECT_EQ(4, sendto(b, "pong", 4, 0, SA(from), len));
	EXPECT_EQ(4, recv(a, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "pong", 4));
	close(a);
	close(b);
}

TEST_F(ockam, dgram_reaches_a_service_locally_and_over_tcp)
{
	static const char text[] = "\5hello";
	struct sockaddr_ockam to = name_addr("uppercase");
	struct route route = { .len = 0 };
	int fd = open_socket(SOCK_DGRAM);
	char buf[16];

	ASSERT_LE(0, fd);
	EXPECT_EQ(6, sendto(fd, text, 6, 0, SA(to), sizeof(to)));
	EXPECT_EQ(6, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "\5HELLO", 6));
	route_add(&route, 1, "127.0.0.1:4000");
	route_add(&route, 0, "uppercase");
	to = route_addr(&route);
	EXPECT_EQ(6, sendto(fd, text, 6, 0, SA(to), sizeof(to)));
	EXPECT_EQ(6, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "\5HELLO", 6));
	close(fd);
}

TEST_F(ockam, dgram_worker_is_reached_only_where_exposed)
{
	struct timeval limit = { .tv_sec = 1 };
	int hidden = worker("hidden"), shown = worker("worker");
	int fd = open_socket(SOCK_DGRAM);
	struct sockaddr_ockam to;
	struct route route;
	char buf[16];

	setsockopt(hidden, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	route.len = 0;
	route_add(&route, 1, "127.0.0.1:4001");
	route_add(&route, 0, "hidden");
	to = route_addr(&route);
	EXPECT_EQ(1, sendto(fd, "x", 1, 0, SA(to), sizeof(to)));
	EXPECT_EQ(-1, recv(hidden, buf, sizeof(buf), 0));
	EXPECT_EQ(EAGAIN, errno);
	route.len = 0;
	route_add(&route, 1, "127.0.0.1:4001");
	route_add(&route, 0, "worker");
	to = route_addr(&route);
	EXPECT_EQ(1, sendto(fd, "y", 1, 0, SA(to), sizeof(to)));
	EXPECT_EQ(1, recv(shown, buf, sizeof(buf), 0));
	EXPECT_EQ('y', buf[0]);
	close(fd);
	close(hidden);
	close(shown);
}

TEST_F(ockam, dgram_route_as_control_message)
{
	char space[CMSG_SPACE(256)] = {}, data[] = "\2ab", buf[16];
	struct iovec iov = { .iov_base = data, .iov_len = 3 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = space };
	int fd = open_socket(SOCK_DGRAM), one = 1;
	struct route route = { .len = 0 };
	struct cmsghdr *cmsg;

	route_add(&route, 0, "uppercase");
	msg.msg_controllen = CMSG_SPACE(route.len);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_OCKAM;
	cmsg->cmsg_type = OCKAM_CM_ROUTE;
	cmsg->cmsg_len = CMSG_LEN(route.len);
	memcpy(CMSG_DATA(cmsg), route.hops, route.len);
	EXPECT_EQ(3, sendmsg(fd, &msg, 0));
	EXPECT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_RECV_ROUTE, &one,
				sizeof(one)));
	iov.iov_base = buf;
	iov.iov_len = sizeof(buf);
	msg.msg_controllen = sizeof(space);
	EXPECT_EQ(3, recvmsg(fd, &msg, 0));
	EXPECT_EQ(0, memcmp(buf, "\2AB", 3));
	cmsg = CMSG_FIRSTHDR(&msg);
	ASSERT_NE(NULL, cmsg);
	EXPECT_EQ(SOL_OCKAM, cmsg->cmsg_level);
	EXPECT_EQ(OCKAM_CM_ROUTE, cmsg->cmsg_type);
	EXPECT_EQ(0, memcmp(CMSG_DATA(cmsg), route.hops, route.len));
	close(fd);
}

TEST_F(ockam, dgram_sizes_peek_and_truncation)
{
	static char big[1 << 20], copy[sizeof(big)];
	int a = open_socket(SOCK_DGRAM), b = worker("b");
	struct sockaddr_ockam to = name_addr("b");
	size_t i;

	for (i = 0; i < sizeof(big); i++)
		big[i] = i * 7 + (i >> 9);
	EXPECT_EQ(0, sendto(a, big, 0, 0, SA(to), sizeof(to)));
	EXPECT_EQ(0, recv(b, copy, sizeof(copy), 0));
	EXPECT_EQ((ssize_t)sizeof(big), sendto(a, big, sizeof(big), 0, SA(to),
					       sizeof(to)));
	EXPECT_EQ((ssize_t)sizeof(big), recv(b, copy, 10, MSG_PEEK | MSG_TRUNC));
	EXPECT_EQ((ssize_t)sizeof(big), recv(b, copy, sizeof(copy), 0));
	EXPECT_EQ(0, memcmp(big, copy, sizeof(big)));
	EXPECT_EQ(5, sendto(a, "abcde", 5, 0, SA(to), sizeof(to)));
	EXPECT_EQ(2, recv(b, copy, 2, 0));
	EXPECT_EQ(-1, recv(b, copy, 2, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	close(a);
	close(b);
}

TEST_F(ockam, dgram_poll_and_full_queue)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b"), small = 4096, sent;
	struct pollfd wait = { .fd = b, .events = POLLIN };
	struct sockaddr_ockam to = name_addr("b");
	char buf[512] = {};

	EXPECT_EQ(0, poll(&wait, 1, 0));
	setsockopt(b, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (sent = 0; sent < 10000; sent++)
		if (sendto(a, buf, sizeof(buf), MSG_DONTWAIT, SA(to),
			   sizeof(to)) < 0)
			break;
	EXPECT_LT(0, sent);
	EXPECT_GT(10000, sent);
	EXPECT_TRUE(errno == ENOBUFS || errno == EAGAIN);
	EXPECT_EQ(1, poll(&wait, 1, 0));
	EXPECT_EQ(POLLIN, wait.revents);
	close(a);
	close(b);
}

TEST_F(ockam, addresses_that_are_refused)
{
	struct sockaddr_ockam so = name_addr("a");
	int fd = open_socket(SOCK_DGRAM), other = worker("taken");

#define REFUSED(error, call) do {					\
		EXPECT_EQ(-1, call);					\
		EXPECT_EQ(error, errno);				\
	} while (0)
	REFUSED(EINVAL, bind(fd, SA(so), 7));
	REFUSED(EINVAL, bind(fd, SA(so), 8));
	so.so_data[50] = 1;
	REFUSED(EINVAL, bind(fd, SA(so), sizeof(so)));
	so = name_addr("a");
	so.so_len = 113;
	REFUSED(EINVAL, bind(fd, SA(so), sizeof(so)));
	so = name_addr("a");
	so.so_family = AF_UNIX;
	REFUSED(EAFNOSUPPORT, bind(fd, SA(so), sizeof(so)));
	so = name_addr("a");
	so.so_node = 4711;
	REFUSED(ENETUNREACH, bind(fd, SA(so), sizeof(so)));
	so = name_addr("taken");
	REFUSED(EADDRINUSE, bind(fd, SA(so), sizeof(so)));
	so = name_addr("forward_to_n3");
	REFUSED(EACCES, bind(fd, SA(so), sizeof(so)));
	so = name_addr("");
	REFUSED(EINVAL, bind(fd, SA(so), sizeof(so)));
	so = name_addr("nobody");
	REFUSED(ECONNREFUSED, sendto(fd, "x", 1, 0, SA(so), sizeof(so)));
	REFUSED(EDESTADDRREQ, send(fd, "x", 1, 0));
	REFUSED(ENOTCONN, getpeername(fd, SA(so), &(socklen_t){ sizeof(so) }));
	REFUSED(EOPNOTSUPP, listen(fd, 1));
	REFUSED(ESOCKTNOSUPPORT, socket(FAMILY, SOCK_STREAM, 0));
	REFUSED(EPROTONOSUPPORT, socket(FAMILY, SOCK_DGRAM, 7));
	close(fd);
	close(other);
}

TEST_F(ockam, route_option_bounds)
{
	int fd = open_socket(SOCK_DGRAM);
	struct route route = { .len = 0 };
	int i;

	for (i = 0; i < 32; i++)
		route_add(&route, 0, "h");
	EXPECT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, route.hops,
				route.len));
	route_add(&route, 0, "h");
	EXPECT_EQ(-1, setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, route.hops,
				 route.len));
	EXPECT_EQ(-1, setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, route.hops, 2));
	close(fd);
}

TEST_F(ockam, nothing_for_users_without_rights)
{
	struct sockaddr_ockam so = name_addr("mine");
	int fd;

	ASSERT_EQ(0, setegid(65534));
	ASSERT_EQ(0, seteuid(65534));
	fd = open_socket(SOCK_DGRAM);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, bind(fd, SA(so), sizeof(so)));
	EXPECT_EQ(EACCES, errno);
	so = name_addr("echo");
	EXPECT_EQ(-1, sendto(fd, "x", 1, 0, SA(so), sizeof(so)));
	EXPECT_EQ(EACCES, errno);
	close(fd);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, setegid(0));
}

TEST_F(ockam, node_option_is_read_before_and_after_bind)
{
	char name[OCKAM_NODE_NAME_MAX + 1] = "?";
	int fd = open_socket(SOCK_DGRAM);
	socklen_t len = sizeof(name);

	EXPECT_EQ(0, getsockopt(fd, SOL_OCKAM, OCKAM_NODE, name, &len));
	EXPECT_STREQ("", name);
	EXPECT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_NODE, "w", 2));
	len = sizeof(name);
	EXPECT_EQ(0, getsockopt(fd, SOL_OCKAM, OCKAM_NODE, name, &len));
	EXPECT_STREQ("w", name);
	close(fd);
}

static int client(int fd)
{
	struct route route = { .len = 0 };
	struct sockaddr_ockam so;

	route_add(&route, 1, "127.0.0.1:4001");
	route_add(&route, 0, "srv");
	so = route_addr(&route);
	return connect(fd, SA(so), sizeof(so));
}

TEST_F(ockam, seqpacket_exchange_peer_and_close)
{
	int server = listening("srv"), c = open_socket(SOCK_SEQPACKET), s, i;
	unsigned char id[OCKAM_ID_LEN], other[OCKAM_ID_LEN], none[OCKAM_ID_LEN] = {};
	socklen_t len = sizeof(id);
	char buf[64];

	ASSERT_LE(0, server);
	EXPECT_EQ(-1, send(c, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(ENOTCONN, errno);
	ASSERT_EQ(0, client(c)) TH_LOG("connect: %s", strerror(errno));
	s = accept(server, NULL, NULL);
	ASSERT_LE(0, s);
	EXPECT_EQ(0, getsockopt(c, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, id, &len));
	EXPECT_EQ(sizeof(id), len);
	EXPECT_EQ(0, getsockopt(s, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, other, &len));
	/* Both ends are the one identity of this machine. */
	EXPECT_EQ(0, memcmp(id, other, sizeof(id)));
	EXPECT_NE(0, memcmp(id, none, sizeof(id)));
	for (i = 0; i < 100; i++) {	/* crosses rekeys */
		int n = snprintf(buf, sizeof(buf), "request %d", i);

		ASSERT_EQ(n, send(c, buf, n, 0));
		ASSERT_EQ(n, recv(s, buf, sizeof(buf), 0));
		ASSERT_EQ(n, send(s, buf, n, 0));
		ASSERT_EQ(n, recv(c, buf, sizeof(buf), 0));
	}
	close(c);
	EXPECT_EQ(0, recv(s, buf, sizeof(buf), 0));
	EXPECT_EQ(-1, send(s, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	close(s);
	close(server);
}

TEST_F(ockam, seqpacket_refuses_an_identity_that_is_not_authorized)
{
	int server = listening("srv"), c = open_socket(SOCK_SEQPACKET);
	unsigned char stranger[OCKAM_ID_LEN] = { 1, 2, 3 };

	ASSERT_LE(0, server);
	ASSERT_EQ(0, setsockopt(c, SOL_OCKAM, OCKAM_AUTHORIZED, stranger,
				sizeof(stranger)));
	EXPECT_EQ(-1, client(c));
	EXPECT_EQ(EKEYREJECTED, errno);
	EXPECT_EQ(-1, setsockopt(server, SOL_OCKAM, OCKAM_AUTHORIZED, stranger,
				 31));
	EXPECT_EQ(EINVAL, errno);
	close(c);
	close(server);
}

TEST_F(ockam, seqpacket_connect_without_waiting)
{
	int server = listening("srv"), c = open_socket(SOCK_SEQPACKET), err = -1;
	struct pollfd wait = { .fd = c, .events = POLLOUT };
	struct sockaddr_ockam so = name_addr("srv");
	socklen_t len = sizeof(err);

	ASSERT_LE(0, server);
	fcntl(c, F_SETFL, O_NONBLOCK);
	if (connect(c, SA(so), sizeof(so))) {
		EXPECT_EQ(EINPROGRESS, errno);
		EXPECT_EQ(1, poll(&wait, 1, 20000));
	}
	EXPECT_EQ(0, getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &len));
	EXPECT_EQ(0, err);
	EXPECT_EQ(2, send(c, "ok", 2, 0));
	close(c);
	close(server);
}

TEST_F(ockam, accept_ends_when_the_node_goes)
{
	int server = listening("srv");
	struct pollfd wait = { .fd = server, .events = POLLIN };

	ASSERT_LE(0, server);
	EXPECT_EQ(0, system("(sleep 1; ockamctl node delete w > /dev/null) &"));
	EXPECT_EQ(-1, accept(server, NULL, NULL));
	EXPECT_EQ(ENETDOWN, errno);
	EXPECT_EQ(1, poll(&wait, 1, 0));
	EXPECT_TRUE(wait.revents & POLLHUP);
	close(server);
}

TEST_F(ockam, rmmod_is_refused_while_a_socket_is_open)
{
	int fd = worker("held");
	struct sockaddr_ockam to = name_addr("held");
	char buf[4];

	EXPECT_NE(0, system("rmmod ockam 2> /dev/null"));
	EXPECT_EQ(1, sendto(fd, "x", 1, 0, SA(to), sizeof(to)));
	EXPECT_EQ(1, recv(fd, buf, sizeof(buf), 0));
	close(fd);
}

TEST_HARNESS_MAIN
