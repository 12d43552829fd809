// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Times messages along several ways in turn, in many short rounds, so that what
 * disturbs one way disturbs all. See usage().
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <linux/tls.h>
#include "bench.h"

#define FLOWS_MAX	16
#define FIELDS_MAX	8
#define MESSAGE_MAX	1048576

#ifndef TLS_RX_EXPECT_NO_PAD
#define TLS_RX_EXPECT_NO_PAD	4
#endif

enum kind { TCP, KTLS, CHANNEL, WORKER, RELAY, CIPHER };

static const struct {
	const char *name;
	int fields;	/* behind NAME,KIND */
} kinds[] = {
	[TCP] = { "tcp", 2 },
	[KTLS] = { "ktls", 2 },
	[CHANNEL] = { "channel", 4 },
	[WORKER] = { "worker", 4 },
	[RELAY] = { "relay", 4 },
	[CIPHER] = { "cipher", 2 },
};

/* A way for messages: @tx is the sender's end, @rx the receiver's. */
struct flow {
	enum kind kind;
	char *name;
	char *field[FIELDS_MAX];
	int tx, rx;
	unsigned int count;	/* messages in a round */
};

struct order {
	int flow;
	unsigned int count;
};

static struct flow flows[FLOWS_MAX];
static int flow_count;
static size_t size;
static int both_ways;
static unsigned char buffer[MESSAGE_MAX];

static void usage(void)
{
	errx(2, "usage: flow ROW oneway|rtt BYTES ROUNDS MS TX_NETNS RX_NETNS FLOW...\n"
	     "FLOW: NAME,tcp|ktls,LISTEN,CONNECT\n"
	     "      NAME,channel|worker,RX_NODE,RX_NAME,TX_NODE,ROUTE\n"
	     "      NAME,relay,RX_NODE,RELAY_SERVICE_ROUTE,TX_NODE,ROUTE\n"
	     "      NAME,cipher,pair|rekey,ALGORITHM");
}

static void enter(const char *netns)
{
	char path[256];
	int fd;

	if (!strcmp(netns, "-"))
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

static void parse_flow(char *text)
{
	struct flow *flow = &flows[flow_count++];
	char *kind;
	int n = 0;

	if (flow_count > FLOWS_MAX)
		errx(2, "too many flows");
	flow->name = strsep(&text, ",");
	kind = strsep(&text, ",");
	for (unsigned int i = 0; kind && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kind, kinds[i].name))
			continue;
		flow->kind = i;
		/* The last one may have commas in it, as algorithms do. */
		for (; text && n < kinds[i].fields; n++)
			flow->field[n] = strsep(&text, n + 1 < kinds[i].fields ? "," : "");
		if (n == kinds[i].fields)
			return;
	}
	usage();
}

/* TLS 1.3 with AES-256-GCM in the kernel, with keys that both ends know. */
static void ktls_on(int fd, int direction)
{
	struct tls12_crypto_info_aes_gcm_256 info = {
		.info.version = TLS_1_3_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_256,
		.key = { 1, 2, 3 }, .salt = { 4 }, .iv = { 5 },
	};
	int yes = 1;

	if (setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls")) &&
	    errno != EEXIST)
		err(1, "TCP_ULP tls");
	if (setsockopt(fd, SOL_TLS, direction, &info, sizeof(info)))
		err(1, "kTLS");
	/* The faster way of receiving, which peers like ours allow. */
	if (direction == TLS_RX)
		setsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &yes, sizeof(yes));
}

static void ktls_open(struct flow *flow)
{
	ktls_on(flow->tx, TLS_TX);
	ktls_on(flow->rx, TLS_RX);
	if (!both_ways)
		return;
	ktls_on(flow->tx, TLS_RX);
	ktls_on(flow->rx, TLS_TX);
}

/* The receiver's own name: where the route ends. */
static const char *last_hop(const char *route)
{
	const char *slash = strrchr(route, '/');

	return slash ? slash + 1 : route;
}

/* Ask a relay service for the address forward_to_NAME of the route. */
static void relay_register(struct flow *flow)
{
	static const char prefix[] = "forward_to_";
	const char *at = strstr(flow->field[3], prefix);
	char text[64];
	size_t len;

	if (!at)
		usage();
	at += sizeof(prefix) - 1;
	len = strcspn(at, "/");
	if (len >= sizeof(text))
		usage();
	text[0] = len;
	memcpy(text + 1, at, len);
	ockam_route(flow->rx, flow->field[1]);
	if (send(flow->rx, text, len + 1, 0) < 0)
		err(1, "register at %s", flow->field[1]);
	if (recv(flow->rx, buffer, sizeof(buffer), 0) < 0)
		err(1, "no answer from %s", flow->field[1]);
}

static void open_flow(struct flow *flow, const char *tx_ns, const char *rx_ns)
{
	char **field = flow->field;
	int listener = -1;

	enter(rx_ns);
	if (flow->kind == TCP || flow->kind == KTLS) {
		listener = tcp_listen(field[0]);
	} else if (flow->kind == CHANNEL) {
		listener = ockam_listen(field[0], field[1]);
	} else if (flow->kind == WORKER || flow->kind == RELAY) {
		flow->rx = ockam_socket(SOCK_DGRAM, field[0]);
		ockam_bind(flow->rx, flow->kind == RELAY ?
			   last_hop(field[3]) : field[1]);
		if (flow->kind == RELAY)
			relay_register(flow);
	}
	enter(tx_ns);
	if (flow->kind == TCP || flow->kind == KTLS) {
		flow->tx = tcp_connect(field[1]);
	} else if (flow->kind == CHANNEL) {
		flow->tx = ockam_connect(field[2], field[3]);
	} else if (flow->kind == WORKER || flow->kind == RELAY) {
		flow->tx = ockam_socket(SOCK_DGRAM, field[2]);
		ockam_route(flow->tx, field[3]);
	}
	if (listener >= 0)
		flow->rx = accepted(listener);
	if (flow->kind == KTLS)
		ktls_open(flow);
}

/* One message in; streams are read until it is complete. */
static void take(struct flow *flow, int fd, struct sockaddr_ockam *from)
{
	socklen_t len = sizeof(*from);
	ssize_t got;

	if (flow->kind == TCP || flow->kind == KTLS)
		got = recv(fd, buffer, size, MSG_WAITALL);
	else
		got = recvfrom(fd, buffer, size, MSG_TRUNC,
			       from ? (struct sockaddr *)from : NULL,
			       from ? &len : NULL);
	if (got != (ssize_t)size)
		err(1, "%s: received %zd of %zu", flow->name, got, size);
}

static void give(struct flow *flow, int fd, const struct sockaddr_ockam *to)
{
	ssize_t sent = to ? sendto(fd, buffer, size, 0,
				   (const struct sockaddr *)to, sizeof(*to)) :
			    send(fd, buffer, size, 0);

	if (sent != (ssize_t)size)
		err(1, "%s: sent %zd of %zu", flow->name, sent, size);
}

static void receive(struct flow *flow, unsigned int count)
{
	int named = flow->kind == WORKER || flow->kind == RELAY;
	struct sockaddr_ockam from;

	while (count--) {
		take(flow, flow->rx, named && both_ways ? &from : NULL);
		if (both_ways)
			give(flow, flow->rx, named ? &from : NULL);
	}
}

/* Until the sender closes its end. */
static void receiver(int orders)
{
	struct order order;

	while (read(orders, &order, sizeof(order)) == sizeof(order)) {
		receive(&flows[order.flow], order.count);
		if (write(orders, "", 1) != 1)
			err(1, "answer");
	}
	exit(0);
}

/* Nanoseconds of @count messages of the bare cipher, by the bench module. */
static double cipher(struct flow *flow, unsigned int count)
{
	static const char path[] = "/sys/module/cipher_bench/parameters/run";
	char text[256];
	int fd = open(path, O_RDWR);
	ssize_t got;

	snprintf(text, sizeof(text), "%s %s %zu %u", flow->field[0],
		 flow->field[1], size, count);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s: %s", path, text);
	got = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return strtod(text, NULL);
}

static double messages(int orders, struct flow *flow, unsigned int count)
{
	struct order order = { flow - flows, count };
	double start = now_ns();
	char answer;

	if (flow->kind == CIPHER)
		return cipher(flow, count);
	if (write(orders, &order, sizeof(order)) != sizeof(order))
		err(1, "order");
	while (count--) {
		give(flow, flow->tx, NULL);
		if (both_ways)
			take(flow, flow->tx, NULL);
	}
	if (read(orders, &answer, 1) != 1)
		errx(1, "%s: the receiver is gone", flow->name);
	return now_ns() - start;
}

/* How many messages take about @ms; this warms up, too. */
static void calibrate(int orders, struct flow *flow, double ms)
{
	double ns;

	flow->count = 1;
	messages(orders, flow, 1);
	for (;;) {
		ns = messages(orders, flow, flow->count);
		if (ns > ms * 1e6 / 3)
			break;
		flow->count *= 2;
	}
	flow->count = flow->count * ms * 1e6 / ns + 1;
}

int main(int argc, char **argv)
{
	int pair[2], rounds, i, j;
	double ms;

	if (argc < 9)
		usage();
	both_ways = !strcmp(argv[2], "rtt");
	size = strtoul(argv[3], NULL, 0);
	rounds = atoi(argv[4]);
	ms = atof(argv[5]);
	if (!size || size > sizeof(buffer))
		usage();
	for (i = 8; i < argc; i++)
		parse_flow(argv[i]);
	for (i = 0; i < flow_count; i++)
		open_flow(&flows[i], argv[6], argv[7]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		err(1, "socketpair");
	if (!fork()) {
		close(pair[0]);
		receiver(pair[1]);
	}
	close(pair[1]);
	for (i = 0; i < flow_count; i++)
		calibrate(pair[0], &flows[i], ms);
	for (i = 0; i < rounds; i++) {
		for (j = 0; j < flow_count; j++) {
			struct flow *flow = &flows[(i + j) % flow_count];
			double ns = messages(pair[0], flow, flow->count);

			sample(argv[1], flow->name, i, ns / flow->count);
		}
	}
	return 0;
}
