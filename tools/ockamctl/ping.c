// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl message ping and perf: how long, and how much. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ping.h"
#include "socket.h"

#define PING_COUNT	4
#define PERF_COUNT	1000
#define PERF_LENGTH	64
#define PERF_WINDOW	16	/* messages under way */
#define LENGTH_MAX	(1 << 20)

static unsigned char sent[LENGTH_MAX], got[LENGTH_MAX];

/* A socket to the ROUTE that is the one argument, and --count. */
static int open_route(struct ctl_args *args, long *count, int *ms)
{
	int err;

	*ms = ctl_timeout_ms(args);
	if (*ms < 0)
		return *ms;
	if (args->count && ctl_number(count, args->count, "--count", 1))
		return -CTL_USAGE;
	if (args->pos_count != 1)
		return -ctl_fail(CTL_USAGE, "say where to: a ROUTE that ends at an echo service");
	err = placeholder_fill(&args->pos[0]);
	return err ? -err : socket_to(args, args->pos[0], *ms);
}

/* Receive until it is what was sent; late answers to earlier ones are not. */
static bool receive_same(int fd, size_t len)
{
	ssize_t now;

	do
		now = recv(fd, got, sizeof(got), 0);
	while (now >= 0 && ((size_t)now != len || memcmp(got, sent, len)));
	return now >= 0;
}

/* Microseconds, or -1: no answer in time. */
static long one_ping(int fd, long number)
{
	size_t len = sprintf((char *)sent + 1, "ping %ld", number);
	long start = ctl_now_us();

	sent[0] = len;		/* a BARE string, which every service takes */
	if (send(fd, sent, len + 1, 0) < 0 || !receive_same(fd, len + 1))
		return -1;
	return ctl_now_us() - start;
}

int ping(struct ctl_args *args)
{
	long count = PING_COUNT, received = 0, min = 0, max = 0, sum = 0, us;
	int fd, ms;

	fd = open_route(args, &count, &ms);
	if (fd < 0)
		return -fd;
	for (long i = 1; i <= count; i++) {
		us = one_ping(fd, i);
		if (us < 0 && errno != EAGAIN)
			return socket_failed(errno, args->pos[0]);
		if (us < 0)
			continue;
		if (!ctl_wants_json() && ctl_value("answer %ld after %ld us", i, us))
			return CTL_IO;
		min = received && min < us ? min : us;
		max = max > us ? max : us;
		sum += us;
		received++;
	}
	close(fd);
	if (!received)
		return socket_failed(EAGAIN, args->pos[0]);
	return ctl_result(json_pack("{s:I, s:I, s:I, s:I, s:I}", "sent",
				    (json_int_t)count, "received",
				    (json_int_t)received, "min_us",
				    (json_int_t)min, "avg_us",
				    (json_int_t)(sum / received), "max_us",
				    (json_int_t)max),
			  "%ld sent, %ld received, min/avg/max %ld/%ld/%ld us",
			  count, received, min, sum / received, max);
}

/* Keep PERF_WINDOW under way until @count came back. Exit code. */
static int stream(int fd, long count, size_t len, const char *what)
{
	long out = 0, in = 0;

	while (in < count) {
		while (out < count && out - in < PERF_WINDOW) {
			if (send(fd, sent, len, 0) < 0)
				return socket_failed(errno, what);
			out++;
		}
		if (!receive_same(fd, len))
			return socket_failed(errno, what);
		in++;
	}
	return CTL_OK;
}

int perf(struct ctl_args *args)
{
	long count = PERF_COUNT, length = PERF_LENGTH, us;
	int fd, ms, err;

	if (args->length && ctl_number(&length, args->length, "--length", 1))
		return CTL_USAGE;
	if (length > LENGTH_MAX)
		return ctl_fail(CTL_USAGE, "--length is at most %d", LENGTH_MAX);
	fd = open_route(args, &count, &ms);
	if (fd < 0)
		return -fd;
	memset(sent, 'x', length);
	us = ctl_now_us();
	err = stream(fd, count, length, args->pos[0]);
	us = ctl_now_us() - us + 1;
	close(fd);
	if (err)
		return err;
	return ctl_result(json_pack("{s:I, s:I, s:I, s:I}", "messages",
				    (json_int_t)count, "bytes",
				    (json_int_t)count * length, "us",
				    (json_int_t)us, "messages_per_s",
				    (json_int_t)(count * 1000000 / us)),
			  "%ld messages and answers of %ld bytes in %ld us: %ld/s",
			  count, length, us, count * 1000000 / us);
}
