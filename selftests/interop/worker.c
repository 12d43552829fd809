// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The kernel's side on AF_OCKAM sockets: sends messages back, or sends them and
 * checks what comes back. Prints one fact a line.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <linux/ockam.h>
#include "traffic.h"

/* A debug kernel in an emulated machine takes its time. */
#define PATIENCE	600

#define PROBE_MS	50	/* between two messages of a probe */
#define PROBE_LOST_MS	500	/* without an answer */

static const char usage[] =
	"usage: worker [OPTION]... COMMAND\n"
	"  echo NODE NAME                  a worker that sends messages back\n"
	"  send NODE ROUTE COUNT           messages to what sends them back\n"
	"  connect NODE ROUTE WORKER COUNT the same through a channel socket\n"
	"  accept NODE NAME                a channel socket that sends back, once\n"
	"  probe NODE ROUTE                a message now and then; says when the\n"
	"                                  answers stop and when they come again\n"
	"  -a IDENTIFIER                   the only peer that is accepted\n"
	"  -s BYTES                        size of each message; a mixture without it\n"
	"  -1                              one message at a time\n"
	"  -w                              connect: wait until the peer closes\n";

static struct {
	const char *authorized;
	const char *size;
	bool slowly;
	bool wait;
} options;

static unsigned char incoming[TRAFFIC_LARGEST], wanted[TRAFFIC_LARGEST];
static unsigned char peer[OCKAM_ID_LEN];

static void authorize(int fd, const char *identifier)
{
	unsigned char id[OCKAM_ID_LEN];
	int i;

	for (i = 0; i < OCKAM_ID_LEN; i++)
		if (sscanf(identifier + 1 + 2 * i, "%2hhx", &id[i]) != 1)
			errx(2, "not an identifier: %s", identifier);
	if (setsockopt(fd, SOL_OCKAM, OCKAM_AUTHORIZED, id, sizeof(id)))
		err(1, "OCKAM_AUTHORIZED");
}

static void time_out(int fd, int option)
{
	struct timeval limit = { .tv_sec = PATIENCE };

	if (setsockopt(fd, SOL_SOCKET, option, &limit, sizeof(limit)))
		err(1, "time-out");
}

static int open_socket(const char *node, int type)
{
	int fd = socket(OCKAM_FAMILY_DEFAULT, type, 0);
	int room = 2 * TRAFFIC_LARGEST, yes = 1;

	if (fd < 0 ||
	    setsockopt(fd, SOL_OCKAM, OCKAM_NODE, node, strlen(node)) ||
	    setsockopt(fd, SOL_OCKAM, OCKAM_RECV_PEER, &yes, sizeof(yes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		err(1, "socket on %s", node);
	time_out(fd, SO_SNDTIMEO);
	if (options.authorized)
		authorize(fd, options.authorized);
	return fd;
}

static void bind_name(int fd, const char *name)
{
	struct sockaddr_ockam own = { .so_family = OCKAM_FAMILY_DEFAULT,
				      .so_kind = OCKAM_KIND_NAME,
				      .so_len = strlen(name) };

	memcpy(own.so_data, name, own.so_len);
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)))
		err(1, "bind %s", name);
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
static void show_peer(const unsigned char *id)
{
	int i;

	if (!memcmp(peer, id, sizeof(peer)))
		return;
	memcpy(peer, id, sizeof(peer));
	printf("peer I");
	for (i = 0; i < OCKAM_ID_LEN; i++)
		printf("%02x", peer[i]);
	printf("\n");
}

static void show_channel_peer(int fd)
{
	unsigned char id[OCKAM_ID_LEN];
	socklen_t len = sizeof(id);

	if (getsockopt(fd, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, id, &len))
		err(1, "OCKAM_PEER_IDENTIFIER");
	show_peer(id);
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
	struct cmsghdr *cmsg;

	if (size < 0)
		err(1, "recvmsg");
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		errx(1, "a message was cut");
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		if (cmsg->cmsg_level == SOL_OCKAM &&
		    cmsg->cmsg_type == OCKAM_CM_PEER)
			show_peer(CMSG_DATA(cmsg));
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

/* Through a channel, whose socket has its destination, to another name there. */
static void send_inside(int fd, const unsigned char *data, size_t size,
			const struct sockaddr_ockam *to)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(OCKAM_SA_DATA)];
	} control = { .head = { .cmsg_level = SOL_OCKAM,
				.cmsg_type = OCKAM_CM_ROUTE,
				.cmsg_len = CMSG_LEN(to->so_len) } };
	struct iovec iov = { (void *)data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(to->so_len) };

	memcpy(CMSG_DATA(&control.head), to->so_data, to->so_len);
	if (sendmsg(fd, &msg, 0) != (ssize_t)size)
		err(1, "sendmsg, %zu bytes", size);
}

static void echo(const char *node, const char *name)
{
	int fd = open_socket(node, SOCK_DGRAM);
	struct sockaddr_ockam from;

	bind_name(fd, name);
	printf("bound %s\n", name);
	for (;;) {
		size_t size = receive(fd, &from);

		send_to(fd, incoming, size, &from);
	}
}

static size_t size_of(unsigned int number)
{
	return options.size ? strtoul(options.size, NULL, 0) :
			      traffic_size(number);
}

static size_t cost_of(size_t size)
{
	return options.slowly ? TRAFFIC_WINDOW : traffic_cost(size);
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

typedef void send_fn(int fd, const unsigned char *data, size_t size,
		     const struct sockaddr_ockam *to);

/* Messages 0 to @count. */
static void exchange(int fd, send_fn *send_one, const struct sockaddr_ockam *to,
		     unsigned int count)
{
	unsigned int sent = 0, seen;
	size_t under_way = 0, size;

	time_out(fd, SO_RCVTIMEO);
	for (seen = 0; seen < count; seen++) {
		for (; sent < count; sent++) {
			size = size_of(sent);
			if (under_way + cost_of(size) > TRAFFIC_WINDOW)
				break;
			under_way += cost_of(size);
			traffic_fill(sent, wanted, size);
			send_one(fd, wanted, size, to);
		}
		size = size_of(seen);
		check(fd, seen, size);
		under_way -= cost_of(size);
	}
	printf("echoed %u\n", count);
}

static void send_some(const char *node, char *route, unsigned int count)
{
	struct sockaddr_ockam to = parse_route(route);

	exchange(open_socket(node, SOCK_DGRAM), send_to, &to, count);
}

/* Through a channel to the listener at @route, and there to @worker. */
static void connect_channel(const char *node, char *route, char *worker,
			    unsigned int count)
{
	struct sockaddr_ockam to = parse_route(route);
	struct sockaddr_ockam inner = parse_route(worker);
	int fd = open_socket(node, SOCK_SEQPACKET);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "connect");
	show_channel_peer(fd);
	exchange(fd, send_inside, &inner, count);
	if (!options.wait)
		return;
	if (recv(fd, incoming, sizeof(incoming), 0))
		err(1, "recv at the end");
	printf("closed there\n");
}

/* Takes one channel and sends messages back until the peer closes it. */
static void accept_channel(const char *node, const char *name)
{
	int listener = open_socket(node, SOCK_SEQPACKET), fd;
	ssize_t size;

	bind_name(listener, name);
	if (listen(listener, 1))
		err(1, "listen");
	printf("bound %s\n", name);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		err(1, "accept");
	show_channel_peer(fd);
	while ((size = recv(fd, incoming, sizeof(incoming), 0)) > 0)
		if (send(fd, incoming, size, 0) != size)
			err(1, "send, %zd bytes", size);
	if (size)
		err(1, "recv");
	printf("closed there\n");
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/* An answer to one of the messages so far; is it what was sent? */
static bool is_answer(ssize_t size, unsigned int sent)
{
	unsigned int number;

	if (size < (ssize_t)sizeof(number))
		return false;
	memcpy(&number, incoming, sizeof(number));
	if (number >= sent)
		return false;
	traffic_fill(number, wanted, size);
	return !memcmp(incoming + sizeof(number), wanted + sizeof(number),
		       size - sizeof(number));
}

/* Answers to messages until the next one is due. */
static void listen_for_answers(int fd, unsigned int sent, uint64_t *last)
{
	uint64_t until = now_ms() + PROBE_MS, now;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t size;

	while ((now = now_ms()) < until) {
		poll(&pfd, 1, until - now);
		size = recv(fd, incoming, sizeof(incoming), MSG_DONTWAIT);
		if (size < 0)
			continue;
		if (!is_answer(size, sent))
			errx(1, "a wrong answer of %zd bytes", size);
		*last = now_ms();
	}
}

static void probe(const char *node, char *route)
{
	struct sockaddr_ockam to = parse_route(route);
	int fd = open_socket(node, SOCK_DGRAM);
	unsigned int number = 0;
	uint64_t last = 0;
	bool good = false;

	for (;;) {
		size_t size = sizeof(number) + traffic_size(number) % 1024;

		traffic_fill(number, wanted, size);
		memcpy(wanted, &number, sizeof(number));
		/* Nobody may be there; the next one is another attempt. */
		sendto(fd, wanted, size, MSG_DONTWAIT, (struct sockaddr *)&to,
		       sizeof(to));
		number++;
		listen_for_answers(fd, number, &last);
		if (good == (now_ms() - last < PROBE_LOST_MS))
			continue;
		good = !good;
		printf("%s %llu\n", good ? "answers" : "silence",
		       (unsigned long long)now_ms());
	}
}

static char **parse_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "a:s:1w")) != -1) {
		if (option == 'a')
			options.authorized = optarg;
		else if (option == 's')
			options.size = optarg;
		else if (option == '1')
			options.slowly = true;
		else if (option == 'w')
			options.wait = true;
		else
			errx(2, "%s", usage);
	}
	return argv + optind;
}

int main(int argc, char **argv)
{
	char **arg = parse_options(argc, argv);
	int count = argc - optind;

	setlinebuf(stdout);
	if (count == 3 && !strcmp(arg[0], "echo"))
		echo(arg[1], arg[2]);
	else if (count == 4 && !strcmp(arg[0], "send"))
		send_some(arg[1], arg[2], strtoul(arg[3], NULL, 0));
	else if (count == 5 && !strcmp(arg[0], "connect"))
		connect_channel(arg[1], arg[2], arg[3],
				strtoul(arg[4], NULL, 0));
	else if (count == 3 && !strcmp(arg[0], "accept"))
		accept_channel(arg[1], arg[2]);
	else if (count == 3 && !strcmp(arg[0], "probe"))
		probe(arg[1], arg[2]);
	else
		errx(2, "%s", usage);
	return 0;
}
