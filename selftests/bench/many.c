// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a message costs where there are few workers or channels, and where there
 * are many, in turn. "few" and "many" are two nodes of this namespace, for each
 * of them there is one that connects to it.
 */
#include "bench.h"

/* One of two: the ends of channels, or workers and one who sends to them. */
struct side {
	const char *name;
	int *tx, *rx;
	int count;
	double ns;	/* to make one, of the last ones made */
};

static char buffer[64];

static void one_message(int tx, int rx, const struct sockaddr_ockam *to)
{
	ssize_t sent = to ? sendto(tx, buffer, sizeof(buffer), 0,
				   (const struct sockaddr *)to, sizeof(*to)) :
			    send(tx, buffer, sizeof(buffer), 0);

	if (sent != sizeof(buffer) ||
	    recv(rx, buffer, sizeof(buffer), 0) != sizeof(buffer))
		err(1, "message");
}

static struct sockaddr_ockam worker_name(int number)
{
	struct sockaddr_ockam so = { .so_family = FAMILY,
				     .so_kind = OCKAM_KIND_NAME };

	so.so_len = sprintf((char *)so.so_data, "worker-%d", number);
	return so;
}

static void more_workers(struct side *side, int wanted)
{
	double start = now_ns();
	int made = wanted - side->count;

	if (!side->tx[0]) {
		side->tx[0] = ockam_socket(SOCK_DGRAM, side->name);
		ockam_bind(side->tx[0], "");
	}
	for (; side->count < wanted; side->count++) {
		struct sockaddr_ockam so = worker_name(side->count);
		int fd = ockam_socket(SOCK_DGRAM, side->name);

		if (bind(fd, (struct sockaddr *)&so, sizeof(so)))
			err(1, "bind");
		side->rx[side->count] = fd;
	}
	side->ns = made ? (now_ns() - start) / made : side->ns;
}

static void more_channels(struct side *side, const char *route, int wanted)
{
	static int listener[2];
	int *fd = &listener[side->name[0] == 'm'];
	double start;
	char from[64];
	int made = wanted - side->count;

	if (!*fd)
		*fd = ockam_listen(side->name, "bench");
	snprintf(from, sizeof(from), "to-%s", side->name);
	start = now_ns();
	for (; side->count < wanted; side->count++) {
		side->tx[side->count] = ockam_connect(from, route);
		side->rx[side->count] = accepted(*fd);
	}
	side->ns = made ? (now_ns() - start) / made : side->ns;
}

/* @messages, spread over all that there are, in no order. */
static double cost(const struct side *side, int channels, int messages)
{
	unsigned int any = 1;
	double start = now_ns();

	for (int i = 0; i < messages; i++) {
		struct sockaddr_ockam so;
		int n;

		any = any * 1664525u + 1013904223u;
		n = (any >> 8) % side->count;
		if (!channels)
			so = worker_name(n);
		one_message(side->tx[channels ? n : 0], side->rx[n],
			    channels ? NULL : &so);
	}
	return (now_ns() - start) / messages;
}

int main(int argc, char **argv)
{
	struct side few = { .name = "few" }, many = { .name = "many" };
	int channels, rounds, messages, most, i, n;
	struct rlimit files;
	char what[64];

	if (argc != 7 && argc != 5)
		errx(2, "usage: many ROW MOST ROUNDS MESSAGES [ROUTE_TO_FEW ROUTE_TO_MANY]");
	most = atoi(argv[2]);
	rounds = atoi(argv[3]);
	messages = atoi(argv[4]);
	channels = argc == 7;
	files.rlim_cur = 2 * most + 64;
	files.rlim_max = files.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &files))
		err(1, "RLIMIT_NOFILE");
	few.tx = calloc(1, sizeof(int));
	few.rx = calloc(1, sizeof(int));
	many.tx = calloc(most, sizeof(int));
	many.rx = calloc(most, sizeof(int));
	if (channels)
		more_channels(&few, argv[5], 1);
	else
		more_workers(&few, 1);
	for (n = 1; n <= most; n *= 10) {
		if (channels)
			more_channels(&many, argv[6], n);
		else
			more_workers(&many, n);
		snprintf(what, sizeof(what), "make-%d", n);
		sample(argv[1], what, 0, many.ns);
		for (i = 0; i < rounds; i++) {
			snprintf(what, sizeof(what), "one-%d", n);
			sample(argv[1], what, i, cost(&few, channels, messages));
			snprintf(what, sizeof(what), "of-%d", n);
			sample(argv[1], what, i, cost(&many, channels, messages));
		}
	}
	return 0;
}
