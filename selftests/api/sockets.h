/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the socket tests share: addresses, sockets, peers. */
#ifndef OCKAM_TEST_SOCKETS_H
#define OCKAM_TEST_SOCKETS_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/ockam.h>
#include "kselftest_harness.h"

/* A debug kernel takes its time. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300

#define FAMILY	OCKAM_FAMILY_DEFAULT
#define SHARED	__attribute__((unused)) static

struct route {
	unsigned char hops[32768];
	size_t len;
};

SHARED void route_add_bytes(struct route *route, int type, const void *value,
			    size_t len)
{
	route->hops[route->len++] = type;
	route->hops[route->len++] = len;
	memcpy(route->hops + route->len, value, len);
	route->len += len;
}

SHARED void route_add(struct route *route, int type, const char *value)
{
	route_add_bytes(route, type, value, strlen(value));
}

SHARED struct sockaddr_ockam make_addr(int kind, const void *data, size_t len)
{
	struct sockaddr_ockam so = { .so_family = FAMILY, .so_kind = kind,
				     .so_len = len };

	memcpy(so.so_data, data, len);
	return so;
}

SHARED struct sockaddr_ockam name_addr(const char *name)
{
	return make_addr(OCKAM_KIND_NAME, name, strlen(name));
}

SHARED struct sockaddr_ockam route_addr(const struct route *route)
{
	return make_addr(OCKAM_KIND_ROUTE, route->hops, route->len);
}

#define SA(addr) ((struct sockaddr *)&(addr))

/* Fails the case unless @call says -1 with @error */
#define REFUSED(error, call) do {					\
		errno = 0;						\
		EXPECT_EQ(-1, call) TH_LOG("not refused: " #call);	\
		EXPECT_EQ(error, errno);				\
	} while (0)

SHARED void set_timeout(int fd, int option, int ms)
{
	struct timeval limit = { .tv_sec = ms / 1000,
				 .tv_usec = ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, option, &limit, sizeof(limit));
}

/* Messages of many sizes from @a to @b, up to what a socket says is the largest */
SHARED void exchange_sizes(struct __test_metadata *_metadata, int a, int b)
{
	int sizes[] = { 0, 1, 2, 4095, 4096, 4097, 65535, 65536, 1000001, 0, 0 };
	int limit, at;
	socklen_t len = sizeof(limit);
	char *data, *copy;
	size_t i;

	ASSERT_EQ(0, getsockopt(a, SOL_OCKAM, OCKAM_MAX_MSG, &limit, &len));
	sizes[9] = limit - 1;
	sizes[10] = limit;
	data = malloc(limit + 1);
	copy = malloc(limit + 1);
	for (at = 0; at <= limit; at++)
		data[at] = at * 31 + (at >> 11);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memset(copy, 0, sizes[i] + 1);
		ASSERT_EQ(sizes[i], send(a, data, sizes[i], 0));
		ASSERT_EQ(sizes[i], recv(b, copy, limit + 1, 0));
		ASSERT_EQ(0, memcmp(data, copy, sizes[i]));
		ASSERT_EQ(0, copy[sizes[i]]);
	}
	REFUSED(EMSGSIZE, send(a, data, limit + 1, 0));
	REFUSED(EAGAIN, recv(b, copy, 1, MSG_DONTWAIT));
	free(data);
	free(copy);
}

/* A socket that does not wait for ever */
SHARED int open_socket(int type)
{
	int fd = socket(FAMILY, type, 0);

	if (fd >= 0) {
		set_timeout(fd, SO_RCVTIMEO, 20000);
		set_timeout(fd, SO_SNDTIMEO, 20000);
	}
	return fd;
}

SHARED int worker(const char *name)
{
	struct sockaddr_ockam so = name_addr(name);
	int fd = open_socket(SOCK_DGRAM);

	if (fd >= 0 && bind(fd, SA(so), sizeof(so))) {
		close(fd);
		return -1;
	}
	return fd;
}

SHARED int listening(const char *name)
{
	struct sockaddr_ockam so = name_addr(name);
	int fd = open_socket(SOCK_SEQPACKET);

	if (fd >= 0 && (bind(fd, SA(so), sizeof(so)) || listen(fd, 4))) {
		close(fd);
		return -1;
	}
	return fd;
}

SHARED int connect_name(int fd, const char *name)
{
	struct sockaddr_ockam so = name_addr(name);

	return connect(fd, SA(so), sizeof(so));
}

/* SCM_RIGHTS over @through, and what comes out of its other end, or -1 */
SHARED int pass_fds(int through, const int *fds, size_t count)
{
	char space[CMSG_SPACE(4 * sizeof(int))] = {};
	struct iovec iov = { .iov_base = "f", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = CMSG_SPACE(count * 4) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(count * 4);
	memcpy(CMSG_DATA(cmsg), fds, count * 4);
	return sendmsg(through, &msg, 0);
}

SHARED int take_fd(int through)
{
	char space[CMSG_SPACE(4)], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = sizeof(space) };
	int fd;

	if (recvmsg(through, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), 4);
	return fd;
}

/*
 * By the clock that goes with the ticks, in which sockets count their time-outs:
 * both stand still together where the processor of a virtual machine does.
 */
SHARED long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A TCP listener; @to is a route to a worker behind it */
SHARED int tcp_peer(struct sockaddr_ockam *to, int backlog)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct route route = { .len = 0 };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;
	char text[32];

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) || listen(fd, backlog) ||
	    getsockname(fd, (struct sockaddr *)&in, &len))
		return -1;
	snprintf(text, sizeof(text), "127.0.0.1:%d", ntohs(in.sin_port));
	route_add(&route, 1, text);
	route_add(&route, 0, "nobody");
	*to = route_addr(&route);
	return fd;
}

/*
 * One that greets and then reads nothing: what is sent stays in the sender. The
 * connection is there already, so that short time-outs do not end in it. What
 * is open now stays open until its process has ended, names of sockets included.
 */
SHARED int silent_peer(struct sockaddr_ockam *to)
{
	int fd = tcp_peer(to, 4), conn, first = open_socket(SOCK_DGRAM);
	pid_t parent = getpid();

	if (fd >= 0 && !fork()) {
		/* It ends with the case, even with one that ended already. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		conn = accept(fd, NULL, NULL);
		while (write(conn, "\1", 1) == 1)
			pause();
		_exit(0);
	}
	sendto(first, "x", 1, 0, (struct sockaddr *)to, sizeof(*to));
	close(first);
	return fd;
}

/* A channel from a node to its own api: its address becomes @route */
SHARED int given_channel(struct route *route, const char *node,
			 const char *option)
{
	char line[256], address[80] = "";
	FILE *out;

	snprintf(line, sizeof(line),
		 "ockamctl secure-channel create --from %s --to /service/api --timeout 60 %s 2> /dev/null",
		 node, option);
	out = popen(line, "r");
	if (!out)
		return -1;
	if (fscanf(out, "/service/%64s", address) != 1)
		*address = '\0';
	if (pclose(out) || !*address)
		return -1;
	route->len = 0;
	route_add(route, 0, address);
	return 0;
}

SHARED int expose_at_api(const char *name)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "ockamctl service expose api %s --at w > /dev/null", name);
	return system(line);
}

#endif /* OCKAM_TEST_SOCKETS_H */
