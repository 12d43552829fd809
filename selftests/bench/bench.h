/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the benchmark programs share: the clock, samples, sockets. */
#ifndef OCKAM_BENCH_H
#define OCKAM_BENCH_H

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/ockam.h>

#define FAMILY		OCKAM_FAMILY_DEFAULT
#define ROUTE_MAX	1024
#define SHARED		__attribute__((unused)) static

SHARED double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* One measurement, for report.py: nanoseconds of one operation. */
SHARED void sample(const char *row, const char *what, int round, double ns)
{
	printf("sample %s %s %d %.1f\n", row, what, round, ns);
	fflush(stdout);
}

/* Addresses with / between them; one with a colon in it is a TCP address. */
SHARED size_t parse_route(unsigned char *hops, const char *text)
{
	size_t used = 0;

	while (*text) {
		size_t len = strcspn(text, "/");

		if (used + 2 + len > ROUTE_MAX)
			errx(2, "the route is too long");
		hops[used++] = memchr(text, ':', len) ? 1 : 0;
		hops[used++] = len;
		memcpy(hops + used, text, len);
		used += len;
		text += len + (text[len] == '/');
	}
	return used;
}

SHARED int ockam_socket(int type, const char *node)
{
	struct timeval limit = { .tv_sec = 60 };
	int room = 1 << 20;
	int fd = socket(FAMILY, type, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_OCKAM, OCKAM_NODE, node, strlen(node)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		err(1, "socket of node %s", node);
	return fd;
}

SHARED void ockam_bind(int fd, const char *name)
{
	struct sockaddr_ockam so = { .so_family = FAMILY,
				     .so_kind = OCKAM_KIND_NAME,
				     .so_len = strlen(name) };

	if (!so.so_len)
		so.so_kind = OCKAM_KIND_ANY;
	memcpy(so.so_data, name, so.so_len);
	if (bind(fd, (struct sockaddr *)&so, sizeof(so)))
		err(1, "bind %s", name);
}

SHARED void ockam_route(int fd, const char *route)
{
	unsigned char hops[ROUTE_MAX];
	size_t len = parse_route(hops, route);

	if (setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, hops, len))
		err(1, "route %s", route);
}

SHARED int ockam_listen(const char *node, const char *name)
{
	int fd = ockam_socket(SOCK_SEQPACKET, node);

	ockam_bind(fd, name);
	if (listen(fd, 64))
		err(1, "listen %s", name);
	return fd;
}

/* A channel along @route; the listener is asked to accept it afterwards. */
SHARED int ockam_connect(const char *node, const char *route)
{
	struct sockaddr_ockam so = { .so_family = FAMILY,
				     .so_kind = OCKAM_KIND_USE_ROUTE };
	int fd = ockam_socket(SOCK_SEQPACKET, node);

	ockam_route(fd, route);
	if (connect(fd, (struct sockaddr *)&so, sizeof(so)))
		err(1, "connect %s", route);
	return fd;
}

SHARED struct sockaddr_in tcp_addr(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	char host[64];
	int port;

	if (sscanf(text, "%63[^:]:%d", host, &port) != 2 ||
	    !inet_aton(host, &in.sin_addr))
		errx(2, "not an address: %s", text);
	in.sin_port = htons(port);
	return in;
}

SHARED int tcp_listen(const char *text)
{
	struct sockaddr_in in = tcp_addr(text);
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) || listen(fd, 64))
		err(1, "listen %s", text);
	return fd;
}

SHARED int tcp_connect(const char *text)
{
	struct sockaddr_in in = tcp_addr(text);
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	if (connect(fd, (struct sockaddr *)&in, sizeof(in)))
		err(1, "connect %s", text);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return fd;
}

SHARED int accepted(int listener)
{
	int fd = accept(listener, NULL, NULL), yes = 1;

	if (fd < 0)
		err(1, "accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return fd;
}

#endif /* OCKAM_BENCH_H */
