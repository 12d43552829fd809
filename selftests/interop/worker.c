// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A worker on an AF_OCKAM socket: sends each message back that it gets, or
 * sends messages and checks what comes back. Prints one fact a line.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <linux/ockam.h>
#include "traffic.h"

/* A debug kernel in an emulated machine takes its time. */
#define PATIENCE	600

static unsigned char incoming[TRAFFIC_LARGEST], wanted[TRAFFIC_LARGEST];
static unsigned char peer[OCKAM_ID_LEN];

static int open_socket(const char *node)
{
	struct timeval limit = { .tv_sec = PATIENCE };
	int fd = socket(OCKAM_FAMILY_DEFAULT, SOCK_DGRAM, 0);
	int room = 2 * TRAFFIC_LARGEST, yes = 1;

	if (fd < 0 ||
	    setsockopt(fd, SOL_OCKAM, OCKAM_NODE, node, strlen(node)) ||
	    setsockopt(fd, SOL_OCKAM, OCKAM_RECV_PEER, &yes, sizeof(yes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		err(1, "socket on %s", node);
	return fd;
}

/* Addresses with / between them; one with a colon in it is a TCP address. */
static struct sockaddr_ockam parse_route(char *text)
{
	struct sockaddr_ockam so = { .so_family = OCKAM_FAMILY_DEFAULT,
				     .so_kind = OCKAM_KIND_ROUTE };
	char *hop;

	while ((hop = strsep(&text, "/"))) {
		size_t len = strlen(hop);

		if (so.so_len + 2 + len > sizeof(so.so_data))
			errx(2, "the route is too long");
		so.so_data[so.so_len++] = !!strchr(hop, ':');
		so.so_data[so.so_len++] = len;
		memcpy(so.so_data + so.so_len, hop, len);
		so.so_len += len;
	}
	return so;
}

/* Whose message it is, when that is news. */
static void show_peer(struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	int i;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_OCKAM ||
		    cmsg->cmsg_type != OCKAM_CM_PEER ||
		    !memcmp(peer, CMSG_DATA(cmsg), sizeof(peer)))
			continue;
		memcpy(peer, CMSG_DATA(cmsg), sizeof(peer));
		printf("peer I");
		for (i = 0; i < OCKAM_ID_LEN; i++)
			printf("%02x", peer[i]);
		printf("\n");
	}
}

static size_t receive(int fd, struct sockaddr_ockam *from)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(OCKAM_ID_LEN)];
	} control;
	struct iovec iov = { incoming, sizeof(incoming) };
	struct msghdr msg = { .msg_name = from, .msg_namelen = sizeof(*from),
			      .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(fd, &msg, 0);

	if (size < 0)
		err(1, "recvmsg");
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		errx(1, "a message was cut");
	show_peer(&msg);
	return size;
}

static void send_to(int fd, const unsigned char *data, size_t size,
		    const struct sockaddr_ockam *to)
{
	ssize_t sent = sendto(fd, data, size, 0, (const struct sockaddr *)to,
			      sizeof(*to));

	if (sent != (ssize_t)size)
		err(1, "sendto, %zu bytes", size);
}

static void echo(const char *node, const char *name)
{
	struct sockaddr_ockam own = { .so_family = OCKAM_FAMILY_DEFAULT,
				      .so_kind = OCKAM_KIND_NAME,
				      .so_len = strlen(name) }, from;
	int fd = open_socket(node);

	memcpy(own.so_data, name, own.so_len);
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)))
		err(1, "bind %s", name);
	printf("bound %s\n", name);
	for (;;) {
		size_t size = receive(fd, &from);

		send_to(fd, incoming, size, &from);
	}
}

/* Wait for the echo of message @number; they come in the order of the sends. */
static void check(int fd, unsigned int number, size_t size)
{
	struct sockaddr_ockam from;
	size_t got = receive(fd, &from);

	traffic_fill(number, wanted, size);
	if (got != size || memcmp(incoming, wanted, size))
		errx(1, "message %u of %zu bytes: another one of %zu came back",
		     number, size, got);
}

/* Messages 0 to @count; each is of @fixed bytes unless that is null. */
static void exchange(const char *node, char *route, unsigned int count,
		     const char *fixed)
{
#define SIZE(number) (fixed ? strtoul(fixed, NULL, 0) : traffic_size(number))
	struct timeval limit = { .tv_sec = PATIENCE };
	struct sockaddr_ockam to = parse_route(route);
	unsigned int sent = 0, seen;
	size_t under_way = 0, size;
	int fd = open_socket(node);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		err(1, "SO_RCVTIMEO");
	for (seen = 0; seen < count; seen++) {
		for (; sent < count; sent++) {
			size = SIZE(sent);
			if (under_way + traffic_cost(size) > TRAFFIC_WINDOW)
				break;
			under_way += traffic_cost(size);
			traffic_fill(sent, wanted, size);
			send_to(fd, wanted, size, &to);
		}
		size = SIZE(seen);
		check(fd, seen, size);
		under_way -= traffic_cost(size);
	}
	printf("echoed %u\n", count);
#undef SIZE
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	if (argc == 4 && !strcmp(argv[1], "echo"))
		echo(argv[2], argv[3]);
	else if ((argc == 5 || argc == 6) && !strcmp(argv[1], "send"))
		exchange(argv[2], argv[3], strtoul(argv[4], NULL, 0), argv[5]);
	else
		errx(2, "usage: worker echo NODE NAME | send NODE ROUTE COUNT [SIZE]");
	return 0;
}
