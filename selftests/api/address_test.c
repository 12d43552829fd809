// SPDX-License-Identifier: GPL-2.0 OR MIT
/* bind(), connect() and their addresses; routes and their bounds. */
#define _GNU_SOURCE
#include "scene.h"

#define HEAD	offsetof(struct sockaddr_ockam, so_data)

/* A route of @count addresses that are no one's */
static struct route *many_hops(size_t count, const char *value)
{
	static struct route route;

	route.len = 0;
	while (count--)
		route_add(&route, 0, value);
	return &route;
}

static ssize_t send_along(int fd, const struct route *route)
{
	static char space[CMSG_SPACE(sizeof(route->hops))];
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = CMSG_SPACE(route->len) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_OCKAM;
	cmsg->cmsg_type = OCKAM_CM_ROUTE;
	cmsg->cmsg_len = CMSG_LEN(route->len);
	memcpy(CMSG_DATA(cmsg), route->hops, route->len);
	return sendmsg(fd, &msg, 0);
}

TEST(bind_takes_names_of_1_to_64_bytes)
{
	char name[OCKAM_SA_DATA];
	struct sockaddr_ockam so, own;
	socklen_t len;
	size_t i;
	int fd;

	memset(name, 'n', sizeof(name));
	for (i = 1; i <= sizeof(name); i++) {
		fd = open_socket(SOCK_DGRAM);
		so = make_addr(OCKAM_KIND_NAME, name, i);
		if (i > OCKAM_NAME_LEN_MAX) {
			REFUSED(ENAMETOOLONG, bind(fd, SA(so), sizeof(so)));
		} else {
			ASSERT_EQ(0, bind(fd, SA(so), HEAD + i));
			len = sizeof(own);
			ASSERT_EQ(0, getsockname(fd, SA(own), &len));
			EXPECT_EQ(sizeof(own), len);
			EXPECT_NE(0, own.so_node);
			own.so_node = 0;
			EXPECT_EQ(0, memcmp(&own, &so, sizeof(so)));
		}
		close(fd);
	}
}

TEST(bind_any_takes_a_free_address)
{
	struct sockaddr_ockam any = make_addr(OCKAM_KIND_ANY, "", 0), own[2];
	socklen_t len = sizeof(own[0]);
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		fd[i] = open_socket(SOCK_DGRAM);
		ASSERT_EQ(0, getsockname(fd[i], SA(own[i]), &len));
		EXPECT_EQ(OCKAM_KIND_ANY, own[i].so_kind);
		ASSERT_EQ(0, bind(fd[i], SA(any), HEAD));
		ASSERT_EQ(0, getsockname(fd[i], SA(own[i]), &len));
		EXPECT_EQ(OCKAM_KIND_NAME, own[i].so_kind);
		EXPECT_LT(0, own[i].so_len);
		REFUSED(EINVAL, bind(fd[i], SA(any), HEAD));
	}
	EXPECT_NE(0, memcmp(&own[0], &own[1], sizeof(own[0])));
	/* The address is one that others can send to, and taken. */
	EXPECT_EQ(1, sendto(fd[0], "x", 1, 0, SA(own[1]), sizeof(own[1])));
	EXPECT_EQ(1, recv(fd[1], &i, 1, 0));
	close(fd[0]);
	fd[0] = open_socket(SOCK_DGRAM);
	REFUSED(EADDRINUSE, bind(fd[0], SA(own[1]), sizeof(own[1])));
	close(fd[0]);
	close(fd[1]);
}

TEST(bind_twice_taken_and_free_again)
{
	struct sockaddr_ockam so = name_addr("mine"), other = name_addr("other");
	int a = worker("mine"), b = open_socket(SOCK_DGRAM);

	ASSERT_LE(0, a);
	REFUSED(EINVAL, bind(a, SA(other), sizeof(other)));
	REFUSED(EINVAL, bind(a, SA(so), sizeof(so)));
	REFUSED(EADDRINUSE, bind(b, SA(so), sizeof(so)));
	close(a);
	EXPECT_EQ(0, bind(b, SA(so), sizeof(so)));
	close(b);
}

TEST(bind_refuses_reserved_names_and_other_kinds)
{
	static const char * const reserved[] = {
		"_", "_x", "forward_to_", "forward_to_n3",
	};
	struct sockaddr_ockam so;
	int fd = open_socket(SOCK_DGRAM), kind;
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
		so = name_addr(reserved[i]);
		REFUSED(EACCES, bind(fd, SA(so), sizeof(so)));
	}
	so = name_addr("echo");		/* ours to take, were it not taken */
	REFUSED(EADDRINUSE, bind(fd, SA(so), sizeof(so)));
	for (kind = OCKAM_KIND_ROUTE; kind < 256; kind++) {
		so = make_addr(kind, "\0\1x", 3);
		REFUSED(EINVAL, bind(fd, SA(so), sizeof(so)));
	}
	so = make_addr(OCKAM_KIND_ANY, "x", 1);
	REFUSED(EINVAL, bind(fd, SA(so), sizeof(so)));
	so = make_addr(OCKAM_KIND_NAME, "", 0);
	REFUSED(EINVAL, bind(fd, SA(so), sizeof(so)));
	close(fd);
}

/* The length may be anything from 8 + so_len to 128, zeros behind the name */
TEST(sockaddr_lengths_and_padding)
{
	struct sockaddr_ockam so = name_addr("pad"), own;
	unsigned char buf[256] = {};
	socklen_t len;
	int fd, at;

	memcpy(buf, &so, sizeof(so));
	for (at = 0; at < 140; at++) {
		fd = open_socket(SOCK_DGRAM);
		if (at >= (int)HEAD + so.so_len && at <= 128) {
			EXPECT_EQ(0, bind(fd, (void *)buf, at));
		} else {
			REFUSED(EINVAL, bind(fd, (void *)buf, at));
		}
		close(fd);
	}
	fd = open_socket(SOCK_DGRAM);
	for (at = HEAD + so.so_len; at < 128; at++) {
		buf[at] = 1;
		REFUSED(EINVAL, bind(fd, (void *)buf, 128));
		REFUSED(EINVAL, sendto(fd, "x", 1, 0, (void *)buf, 128));
		REFUSED(EINVAL, connect(fd, (void *)buf, 128));
		buf[at] = 0;
	}
	for (at = OCKAM_SA_DATA + 1; at < 256; at++) {
		so.so_len = at;
		REFUSED(EINVAL, bind(fd, SA(so), sizeof(so)));
	}
	/* A short buffer gets the beginning, and the whole length. */
	memset(&own, 0xee, sizeof(own));
	len = 3;
	EXPECT_EQ(0, getsockname(fd, SA(own), &len));
	EXPECT_EQ(sizeof(own), len);
	EXPECT_EQ(0xee, ((unsigned char *)&own)[3]);
	close(fd);
}

TEST(chosen_node)
{
	struct sockaddr_ockam so = name_addr("here"), own, echo;
	char name[OCKAM_NODE_NAME_MAX + 1], longest[OCKAM_NODE_NAME_MAX + 2];
	int fd = worker("probe");
	socklen_t len = sizeof(own);

	ASSERT_EQ(0, getsockname(fd, SA(own), &len));
	close(fd);
	fd = open_socket(SOCK_DGRAM);
	so.so_node = own.so_node + 1000;
	REFUSED(ENETUNREACH, bind(fd, SA(so), sizeof(so)));
	REFUSED(ENETUNREACH, connect(fd, SA(so), sizeof(so)));
	REFUSED(ENETUNREACH, sendto(fd, "x", 1, 0, SA(so), sizeof(so)));
	EXPECT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_NODE, "none", 5));
	so.so_node = 0;
	REFUSED(ENETUNREACH, bind(fd, SA(so), sizeof(so)));
	memset(longest, 'n', sizeof(longest));
	REFUSED(EINVAL, setsockopt(fd, SOL_OCKAM, OCKAM_NODE, longest, 65));
	REFUSED(EINVAL, setsockopt(fd, SOL_OCKAM, OCKAM_NODE, longest, 66));
	REFUSED(EINVAL, setsockopt(fd, SOL_OCKAM, OCKAM_NODE, longest, 0));
	EXPECT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_NODE, longest, 64));
	/* An index in the address is more than a name in the option. */
	so.so_node = own.so_node;
	ASSERT_EQ(0, bind(fd, SA(so), sizeof(so)));
	REFUSED(EISCONN, setsockopt(fd, SOL_OCKAM, OCKAM_NODE, "w", 2));
	len = sizeof(name);
	EXPECT_EQ(0, getsockopt(fd, SOL_OCKAM, OCKAM_NODE, name, &len));
	EXPECT_STREQ("w", name);
	EXPECT_EQ(2, len);
	echo = name_addr("echo");
	echo.so_node = own.so_node + 1;
	REFUSED(EADDRNOTAVAIL, sendto(fd, "x", 1, 0, SA(echo), sizeof(echo)));
	close(fd);
}

/* Who kept the number of a node that is gone reaches no other one */
TEST(a_number_means_one_node)
{
	struct sockaddr_ockam echo = name_addr("echo"), own;
	int fd = open_socket(SOCK_DGRAM), i;
	socklen_t len = sizeof(own);

	echo.so_node = 4711;
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, system("ockamctl node create v > /dev/null 2>&1"));
		close(fd);
		fd = open_socket(SOCK_DGRAM);
		ASSERT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_NODE, "v", 2));
		REFUSED(ENETUNREACH, sendto(fd, "x", 1, 0, SA(echo),
					    sizeof(echo)));
		echo.so_node = 0;
		EXPECT_EQ(1, sendto(fd, "x", 1, 0, SA(echo), sizeof(echo)));
		ASSERT_EQ(0, getsockname(fd, SA(own), &len));
		echo.so_node = own.so_node;
		ASSERT_EQ(0, system("ockamctl node delete v > /dev/null"));
	}
	close(fd);
}

TEST(connect_sets_the_destination_and_may_change_it)
{
	int a = worker("a"), b = worker("b"), fd = open_socket(SOCK_DGRAM);
	struct sockaddr_ockam peer, so = name_addr("a");
	socklen_t len = sizeof(peer);
	char buf[4];

	REFUSED(ENOTCONN, getpeername(fd, SA(peer), &len));
	ASSERT_EQ(0, connect_name(fd, "a"));
	ASSERT_EQ(0, getpeername(fd, SA(peer), &len));
	EXPECT_EQ(OCKAM_KIND_ROUTE, peer.so_kind);
	EXPECT_EQ(3, peer.so_len);
	EXPECT_EQ(0, memcmp(peer.so_data, "\0\1a", 3));
	EXPECT_EQ(1, send(fd, "1", 1, 0));
	ASSERT_EQ(0, connect_name(fd, "b"));
	EXPECT_EQ(1, send(fd, "2", 1, 0));
	EXPECT_EQ(1, sendto(fd, "3", 1, 0, SA(so), sizeof(so)));
	EXPECT_EQ(1, recv(a, buf, sizeof(buf), 0));
	EXPECT_EQ('1', buf[0]);
	EXPECT_EQ(1, recv(a, buf, sizeof(buf), 0));
	EXPECT_EQ('3', buf[0]);
	EXPECT_EQ(1, recv(b, buf, sizeof(buf), 0));
	EXPECT_EQ('2', buf[0]);
	close(a);
	close(b);
	close(fd);
}

TEST(connect_refuses_what_is_no_destination)
{
	struct sockaddr_ockam so = make_addr(OCKAM_KIND_ANY, "", 0);
	int fd = open_socket(SOCK_DGRAM);

	REFUSED(EINVAL, connect(fd, SA(so), sizeof(so)));
	so = make_addr(OCKAM_KIND_IDENTIFIER, "12345678901234567890123456789012", 32);
	REFUSED(EINVAL, connect(fd, SA(so), sizeof(so)));
	so = make_addr(OCKAM_KIND_NAME, "", 0);
	REFUSED(EINVAL, connect(fd, SA(so), sizeof(so)));
	REFUSED(EINVAL, sendto(fd, "x", 1, 0, SA(so), sizeof(so)));
	so = make_addr(OCKAM_KIND_ROUTE, "", 0);
	REFUSED(EDESTADDRREQ, connect(fd, SA(so), sizeof(so)));
	REFUSED(EDESTADDRREQ, sendto(fd, "x", 1, 0, SA(so), sizeof(so)));
	so = make_addr(OCKAM_KIND_USE_ROUTE, "", 0);
	REFUSED(EDESTADDRREQ, connect(fd, SA(so), sizeof(so)));
	REFUSED(EDESTADDRREQ, sendto(fd, "x", 1, 0, SA(so), sizeof(so)));
	so = make_addr(OCKAM_KIND_ROUTE, "\0\5x", 3);
	REFUSED(EINVAL, connect(fd, SA(so), sizeof(so)));
	REFUSED(EINVAL, sendto(fd, "x", 1, 0, SA(so), sizeof(so)));
	so.so_family = AF_INET;
	REFUSED(EAFNOSUPPORT, connect(fd, SA(so), sizeof(so)));
	so.so_family = AF_UNSPEC;
	REFUSED(EAFNOSUPPORT, connect(fd, SA(so), sizeof(so)));
	REFUSED(EDESTADDRREQ, send(fd, "x", 1, 0));
	close(fd);
}

/* 0 to 32 addresses of 0 to 255 bytes, as option and as control message */
TEST(route_of_any_length_up_to_32_addresses)
{
	static const size_t sizes[] = { 0, 1, 64, 65, 112, 113, 255 };
	int fd = open_socket(SOCK_DGRAM);
	unsigned char got[32 * 257];
	struct sockaddr_ockam peer, so = make_addr(OCKAM_KIND_USE_ROUTE, "", 0);
	struct route *route;
	char value[256] = {};
	socklen_t len;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memset(value, 'v', sizes[i]);
		route = many_hops(32, value);
		ASSERT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, route->hops,
					route->len));
		len = sizeof(got);
		ASSERT_EQ(0, getsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, got, &len));
		EXPECT_EQ(route->len, len);
		EXPECT_EQ(0, memcmp(got, route->hops, len));
		REFUSED(ECONNREFUSED, send_along(fd, route));
		ASSERT_EQ(0, connect(fd, SA(so), HEAD));
		len = sizeof(peer);
		ASSERT_EQ(0, getpeername(fd, SA(peer), &len));
		EXPECT_EQ(route->len > OCKAM_SA_DATA ? OCKAM_KIND_USE_ROUTE :
			  OCKAM_KIND_ROUTE, peer.so_kind);
		REFUSED(ECONNREFUSED, send(fd, "x", 1, 0));
	}
	EXPECT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, "", 0));
	REFUSED(EDESTADDRREQ, send(fd, "x", 1, 0));
	REFUSED(EDESTADDRREQ, send_along(fd, many_hops(0, "")));
	close(fd);
}

TEST(route_that_is_too_long_or_cut)
{
	static const size_t counts[] = { 33, 40, 255, 256, 4000, 10000 };
	int fd = open_socket(SOCK_DGRAM);
	struct route *route;
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		route = many_hops(counts[i], "");
		REFUSED(EMSGSIZE, setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE,
					     route->hops, route->len));
		REFUSED(EMSGSIZE, send_along(fd, route));
	}
	/* Cut anywhere but between two addresses */
	route = many_hops(5, "abc");
	for (i = 1; i < route->len; i++) {
		struct route cut = *route;

		cut.len = i;
		if (i % 5) {
			REFUSED(EINVAL, send_along(fd, &cut));
		} else {
			REFUSED(ECONNREFUSED, send_along(fd, &cut));
		}
	}
	close(fd);
}

TEST(control_messages_that_are_refused)
{
	char space[CMSG_SPACE(64)] = {};
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = CMSG_SPACE(6) };
	int fd = open_socket(SOCK_DGRAM), type;
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	ASSERT_EQ(0, connect_name(fd, "echo"));
	cmsg->cmsg_level = SOL_OCKAM;
	cmsg->cmsg_len = CMSG_LEN(6);
	memcpy(CMSG_DATA(cmsg), "\0\4echo", 6);
	for (type = 0; type < 16; type++) {
		cmsg->cmsg_type = type;
		if (type == OCKAM_CM_ROUTE) {
			EXPECT_EQ(1, sendmsg(fd, &msg, 0));
		} else {
			REFUSED(EINVAL, sendmsg(fd, &msg, 0));
		}
	}
	cmsg->cmsg_type = OCKAM_CM_ROUTE;
	cmsg->cmsg_len = CMSG_LEN(6) + 64;
	REFUSED(EINVAL, sendmsg(fd, &msg, 0));
	cmsg->cmsg_len = sizeof(*cmsg) - 1;
	REFUSED(EINVAL, sendmsg(fd, &msg, 0));
	/* Those of other levels are none of ours. */
	cmsg->cmsg_len = CMSG_LEN(6);
	cmsg->cmsg_level = SOL_TCP;
	EXPECT_EQ(1, sendmsg(fd, &msg, 0));
	close(fd);
}
