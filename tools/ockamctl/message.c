// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl message */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/ockam.h>
#include "ctl.h"
#include "genl.h"
#include "route.h"
#include "wire.h"

#define MESSAGE_MAX	(1 << 20)

static unsigned char payload[MESSAGE_MAX + 16];

static int socket_failed(int err, const char *what)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return ctl_fail(CTL_PERMISSION, "%s: %s: you need CAP_NET_ADMIN or the node's --allow-group",
				what, strerror(err));
	case EAFNOSUPPORT:
		return ctl_fail(CTL_UNAVAILABLE, "the ockam module is not loaded: run `modprobe ockam`");
	case ECONNREFUSED:
	case EHOSTUNREACH:
		return ctl_fail(CTL_ROUTE, "%s: the node has nothing at the first address of the route",
				what);
	case EAGAIN:
		return ctl_fail(CTL_TIMEOUT, "%s: no answer in time", what);
	}
	return ctl_fail(CTL_UNAVAILABLE, "%s: %s", what, strerror(err));
}

/* The text as the services want it: a BARE string; or bytes as they are. */
static int make_payload(struct ctl_args *args, size_t *len)
{
	const char *text = args->pos[0];
	int head = 0, got;

	if (strlen(text) > MESSAGE_MAX)
		return ctl_fail(CTL_USAGE, "a message has at most %d bytes here",
				MESSAGE_MAX);
	if (args->hex) {
		got = ctl_unhex(payload, sizeof(payload), text);
		if (got < 0)
			return ctl_fail(CTL_DATA, "'%s' is not hexadecimal",
					text);
		*len = got;
		return 0;
	}
	head = ockam_bare_put_len(payload, sizeof(payload), strlen(text));
	memcpy(payload + head, text, strlen(text));
	*len = head + strlen(text);
	return 0;
}

static int print_answer(struct ctl_args *args, size_t len, long us)
{
	static char hex[2 * sizeof(payload) + 1];
	size_t text_len;
	json_t *json;
	int off;

	if (args->hex) {
		ctl_hex(hex, payload, len);
		return ctl_result(json_pack("{s:s, s:I}", "reply", hex,
					    "rtt_us", (json_int_t)us),
				  "%s", hex);
	}
	off = ockam_bare_get(payload, len, &text_len);
	if (off < 0)
		return ctl_fail(CTL_DATA, "the answer is no text: --hex prints it");
	json = json_pack("{s:s%, s:I}", "reply", payload + off, text_len,
			 "rtt_us", (json_int_t)us);
	if (!json && ctl_wants_json())
		return ctl_fail(CTL_DATA, "the answer is no UTF-8 text: --hex prints it");
	return ctl_result(json, "%.*s", (int)text_len, payload + off);
}

static int open_socket(const char *node, const struct route *route, int ms)
{
	struct timeval wait = { ms / 1000, ms % 1000 * 1000 };
	static struct object info;
	int fd, err;

	err = request_send(request_new(OCKAM_CMD_INFO_GET), &info);
	if (err)
		return -genl_fail(err, "cannot ask the module");
	fd = socket(info.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -socket_failed(errno, "socket");
	if (setsockopt(fd, SOL_OCKAM, OCKAM_NODE, node, strlen(node)) ||
	    setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, route->hops, route->len) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait))) {
		err = errno;
		close(fd);
		return -socket_failed(err, "socket");
	}
	return fd;
}

static int exchange(struct ctl_args *args, int fd, size_t len)
{
	long start = ctl_now_us();
	ssize_t got;

	if (send(fd, payload, len, 0) < 0)
		return socket_failed(errno, "send");
	got = recv(fd, payload, sizeof(payload), 0);
	return got < 0 ? socket_failed(errno, args->to) :
	       print_answer(args, got, ctl_now_us() - start);
}

static int send_message(struct ctl_args *args)
{
	int ms = ctl_timeout_ms(args), fd, err;
	static struct route route;
	char node[65];
	size_t len = 0;

	if (ms < 0)
		return -ms;
	if (!args->pos_count || !args->to)
		return ctl_fail(CTL_USAGE, "say what and where to: TEXT --to ROUTE");
	err = make_payload(args, &len);
	if (!err)
		err = node_name(args->from, node);
	if (!err)
		err = route_resolve(node, args->to, ms, &route);
	if (err)
		return err;
	fd = open_socket(node, &route, ms);
	if (fd < 0)
		return -fd;
	err = exchange(args, fd, len);
	close(fd);
	return err;
}

const struct ctl_command message_commands[] = {
	{ "send", send_message, NULL,
	  "TEXT --to ROUTE [--from NODE] [--hex] [--timeout SECONDS] [--output json]",
	  "send a message and print the answer",
	  "ockamctl message send hello --from n1 --to /service/uppercase" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
