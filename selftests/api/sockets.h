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

SHARED long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
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
 * connection is there already, so that short time-outs do not end in it.
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

#endif /* OCKAM_TEST_SOCKETS_H */
