// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl message */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ctl.h"
#include "ping.h"
#include "socket.h"
#include "wire.h"

#define MESSAGE_MAX	(1 << 20)

static unsigned char payload[MESSAGE_MAX + 16];
static char printable[4 * sizeof(payload)];

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

/* As it is, but for a terminal, on which it might act. */
static int print_text(const unsigned char *text, size_t len)
{
	if (isatty(STDOUT_FILENO)) {
		ctl_printable(printable, sizeof(printable), text, len);
		return ctl_value("%s", printable);
	}
	fwrite(text, 1, len, stdout);
	putchar('\n');
	return ctl_flush();
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
	if (!ctl_wants_json())
		return print_text(payload + off, text_len);
	json = json_pack("{s:s%, s:I}", "reply", payload + off, text_len,
			 "rtt_us", (json_int_t)us);
	return json ? ctl_print(json) :
	       ctl_fail(CTL_DATA, "the answer is no UTF-8 text: --hex prints it");
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
	size_t len = 0;

	if (ms < 0)
		return -ms;
	if (!args->pos_count || !args->to)
		return ctl_fail(CTL_USAGE, "say what and where to: TEXT --to ROUTE");
	err = make_payload(args, &len);
	if (err)
		return err;
	fd = socket_to(args, args->to, ms);
	if (fd < 0)
		return -fd;
	err = exchange(args, fd, len);
	close(fd);
	return err;
}

struct listener {
	const struct ctl_args *args;
	int fd;
};

/* Print one message: 1, or minus an exit code. */
static int print_message(void *arg)
{
	static char hex[2 * sizeof(payload) + 1];
	struct listener *listener = arg;
	ssize_t len = recv(listener->fd, payload, sizeof(payload), 0);
	size_t text_len;
	int off, err;

	if (len < 0)
		return -socket_failed(errno, "receive");
	off = ockam_bare_get(payload, len, &text_len);
	if (off >= 0)
		ctl_printable(printable, sizeof(printable), payload + off,
			      text_len);
	ctl_hex(hex, payload, len);
	if (ctl_wants_json())
		err = ctl_print_line(json_pack("{s:s?, s:s}", "text", off < 0 ?
					       NULL : printable, "hex", hex));
	else
		err = ctl_value("%s", off < 0 || listener->args->hex ? hex :
				printable);
	return err ? -err : 1;
}

static int listen_messages(struct ctl_args *args)
{
	struct listener listener = { .args = args };
	int err;

	if (args->pos_count != 1)
		return ctl_fail(CTL_USAGE, "say at which address to listen: NAME");
	listener.fd = socket_named(args, args->pos[0]);
	if (listener.fd < 0)
		return -listener.fd;
	err = ctl_loop(args, listener.fd, "messages", print_message, &listener);
	close(listener.fd);
	return err;
}

const struct ctl_command message_commands[] = {
	{ "send", send_message, NULL,
	  "TEXT --to ROUTE [--from NODE] [--hex] [--timeout SECONDS] [--output json]",
	  "send a message and print the answer",
	  "ockamctl message send hello --from n1 --to /service/uppercase" },
	{ "listen", listen_messages, NULL,
	  "NAME [--at NODE] [--hex] [--count N] [--timeout SECONDS] [--output json]",
	  "take an address and print what is sent to it, bytes that are no text in hexadecimal",
	  "ockamctl message listen inbox --at n1" },
	{ "ping", ping, NULL,
	  "ROUTE [--from NODE] [-c, --count N] [--timeout SECONDS] [--output json]",
	  "send messages to an echo service, one after the other, and print how long each took",
	  "ockamctl message ping /node/n2/service/echo --from n1" },
	{ "perf", perf, NULL,
	  "ROUTE [--from NODE] [-n, --count N] [-l, --length BYTES] [--timeout SECONDS] [--output json]",
	  "send messages to an echo service, 16 at a time, and print how many came back in a second",
	  "ockamctl message perf /node/n2/service/echo --from n1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
