// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Options: what each takes and gives, lengths, and what is no option. */
#define _GNU_SOURCE
#include "scene.h"

static int set(int fd, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_OCKAM, option, value, len);
}

static int get(int fd, int option, void *value, socklen_t len)
{
	return getsockopt(fd, SOL_OCKAM, option, value, &len);
}

TEST(unknown_options_and_levels)
{
	int fd = open_socket(SOCK_DGRAM), value = 1, option;
	socklen_t len;

	for (option = OCKAM_PEER_CREDENTIAL + 1; option < 300; option++) {
		for (len = 0; len <= sizeof(value); len++)
			REFUSED(ENOPROTOOPT, set(fd, option, &value, len));
		REFUSED(ENOPROTOOPT, get(fd, option, &value, sizeof(value)));
	}
	REFUSED(ENOPROTOOPT, set(fd, 0, &value, sizeof(value)));
	REFUSED(ENOPROTOOPT, set(fd, -1, &value, sizeof(value)));
	REFUSED(ENOPROTOOPT, set(fd, OCKAM_MAX_MSG, &value, sizeof(value)));
	REFUSED(ENOPROTOOPT, set(fd, OCKAM_INFO, &value, sizeof(value)));
	REFUSED(ENOPROTOOPT, set(fd, OCKAM_PEER_IDENTIFIER, &value, 4));
	REFUSED(ENOPROTOOPT, setsockopt(fd, SOL_TCP, OCKAM_RECV_ROUTE, &value,
					sizeof(value)));
	len = sizeof(value);
	REFUSED(ENOPROTOOPT, getsockopt(fd, FAMILY, OCKAM_RECV_ROUTE, &value,
					&len));
	close(fd);
}

TEST(numbers_and_their_lengths)
{
	static const int options[] = { OCKAM_RECV_ROUTE, OCKAM_RECV_PEER,
				       OCKAM_HANDSHAKE_TIMEOUT };
	static const int bad[] = { 0, -1, 600001, 1 << 31, 0x7fffffff };
	int fd = open_socket(SOCK_DGRAM), value, len;
	size_t i;

	for (i = 0; i < 3; i++) {
		value = 1;
		for (len = 0; len < 4; len++) {
			REFUSED(EINVAL, set(fd, options[i], &value, len));
			REFUSED(EINVAL, get(fd, options[i], &value, len));
		}
		EXPECT_EQ(0, set(fd, options[i], &value, 4));
		value = 0;
		EXPECT_EQ(0, get(fd, options[i], &value, 4));
		EXPECT_EQ(1, value);
		REFUSED(EINVAL, get(fd, options[i], &value, -1));
		REFUSED(EFAULT, get(fd, options[i], NULL, 4));
		REFUSED(EFAULT, set(fd, options[i], NULL, 4));
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		REFUSED(ERANGE, set(fd, OCKAM_HANDSHAKE_TIMEOUT, bad + i, 4));
	EXPECT_EQ(0, get(fd, OCKAM_MAX_MSG, &value, 4));
	/* A frame of 16 MiB less its routes and lengths */
	EXPECT_GT(16 << 20, value);
	EXPECT_LT((16 << 20) - 8192, value);
	close(fd);
}

TEST(a_route_does_not_fit_a_shorter_buffer)
{
	static const char route[] = "\0\3abc\0\1d";
	int fd = open_socket(SOCK_DGRAM), len;
	char got[16];

	EXPECT_EQ(0, get(fd, OCKAM_ROUTE, got, 0));
	EXPECT_EQ(0, set(fd, OCKAM_ROUTE, route, 8));
	for (len = 0; len < 8; len++)
		REFUSED(EINVAL, get(fd, OCKAM_ROUTE, got, len));
	EXPECT_EQ(0, get(fd, OCKAM_ROUTE, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, route, 8));
	/* One that is refused leaves the old one. */
	REFUSED(EINVAL, set(fd, OCKAM_ROUTE, route, 7));
	EXPECT_EQ(0, get(fd, OCKAM_ROUTE, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, route, 8));
	REFUSED(EFAULT, set(fd, OCKAM_ROUTE, (void *)8, 8));
	close(fd);
}

TEST(authorized_identifiers)
{
	int fd = open_socket(SOCK_SEQPACKET), len;
	static char ids[32 * 257];

	for (len = 1; len < 32; len++)
		REFUSED(EINVAL, set(fd, OCKAM_AUTHORIZED, ids, len));
	EXPECT_EQ(0, set(fd, OCKAM_AUTHORIZED, ids, 32 * 256));
	REFUSED(EINVAL, set(fd, OCKAM_AUTHORIZED, ids, 32 * 257));
	REFUSED(EINVAL, set(fd, OCKAM_AUTHORIZED, ids, -32));
	REFUSED(ENOTCONN, get(fd, OCKAM_PEER_IDENTIFIER, ids, 32));
	REFUSED(ENOTCONN, get(fd, OCKAM_PEER_CREDENTIAL, ids, sizeof(ids)));
	REFUSED(ENOPROTOOPT, set(fd, OCKAM_PEER_CREDENTIAL, ids, 48));
	REFUSED(ENOPROTOOPT, get(fd, OCKAM_AUTHORIZED, ids, 32));
	close(fd);
}

/* The kernel's own options at their ends: nothing breaks */
TEST(extreme_buffer_sizes_and_times)
{
	static const int values[] = { 0, 1, -1, 4096, 0x7fffffff, 1 << 31 };
	int a = open_socket(SOCK_DGRAM), b = worker("b");
	struct timeval bad = { .tv_sec = 0, .tv_usec = 2000000 };
	char buf[8192] = {};
	size_t i;

	ASSERT_EQ(0, connect_name(a, "b"));
	for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
		setsockopt(a, SOL_SOCKET, SO_SNDBUF, values + i, 4);
		setsockopt(b, SOL_SOCKET, SO_RCVBUF, values + i, 4);
		EXPECT_EQ((ssize_t)sizeof(buf), send(a, buf, sizeof(buf), 0));
		EXPECT_EQ((ssize_t)sizeof(buf), recv(b, buf, sizeof(buf), 0));
	}
	REFUSED(EDOM, setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &bad,
				 sizeof(bad)));
	close(a);
	close(b);
}
