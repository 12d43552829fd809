// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl monitor: what happens, one line for each event. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

static struct {
	uint32_t last;		/* sequence number seen last */
	bool any;
} seen;

static const char *event_name(uint32_t event)
{
	static const char *const names[] = {
		[OCKAM_NTF_NEW] = "new",
		[OCKAM_NTF_UP] = "up",
		[OCKAM_NTF_DOWN] = "down",
		[OCKAM_NTF_REFUSED] = "refused",
		[OCKAM_NTF_CLOSED] = "closed",
		[OCKAM_NTF_REFRESHED] = "refreshed",
		[OCKAM_NTF_EXPIRED] = "expired",
	};

	return event < sizeof(names) / sizeof(names[0]) ? names[event] : "?";
}

static const char *event_kind(const struct object *event)
{
	/* What has no address is the node itself. */
	return *event->address ? object_kind(event->kind) : "node";
}

/* WORD is a kind, or what several begin with: tcp, channel, relay. */
static bool is_kind(const char *kind, const char *word)
{
	size_t len = strlen(word);

	if (!strcmp(word, "all"))
		return true;
	return kind && !strncmp(kind, word, len) &&
	       (!kind[len] || kind[len] == '-');
}

static bool wanted(const struct ctl_args *args, const struct object *event)
{
	for (int i = 0; i < args->pos_count; i++)
		if (is_kind(event_kind(event), args->pos[i]))
			return true;
	return !args->pos_count;
}

static int check_words(const struct ctl_args *args)
{
	for (int i = 0; i < args->pos_count; i++) {
		bool known = is_kind("node", args->pos[i]);

		for (uint32_t kind = 0; object_kind(kind); kind++)
			known = known || is_kind(object_kind(kind),
						 args->pos[i]);
		if (!known)
			return ctl_fail(CTL_USAGE, "no event is about '%s': say all, node, service, tcp, channel, relay or link",
					args->pos[i]);
	}
	return 0;
}

static void time_text(char *dst, size_t size, const struct object *event,
		      bool whole)
{
	time_t seconds = event->time / 1000000000;
	unsigned int us = event->time % 1000000000 / 1000;
	char text[32];
	struct tm tm;

	if (whole) {
		strftime(text, sizeof(text), "%FT%T", gmtime_r(&seconds, &tm));
		snprintf(dst, size, "%s.%06uZ", text, us);
	} else {
		strftime(text, sizeof(text), "%T", localtime_r(&seconds, &tm));
		snprintf(dst, size, "%s.%03u", text, us / 1000);
	}
}

/* "ECONNREFUSED" */
static const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "?";
}

static int print_json(const struct object *event)
{
	char when[64], at[80];

	time_text(when, sizeof(when), event, true);
	addr_text(at, sizeof(at), &event->addr);
	return ctl_print_line(json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "seq",
		(json_int_t)event->seq, "ts", when, "event",
		event_name(event->event), "kind", event_kind(event), "node",
		event->node, "address", object_text(event->address), "at",
		object_text(at), "label", object_text(event->label), "peer",
		object_identifier(event->has_peer, event->peer), "reason",
		object_text(event->reason), "error", object_text(event->error ?
		error_name(event->error) : "")));
}

static int print_text(const struct object *event)
{
	char when[64], at[80], peer[66];

	time_text(when, sizeof(when), event, false);
	printf("%u %s %s %s %s", event->seq, when, event_kind(event),
	       event_name(event->event), event->node);
	if (*event->address)
		printf(" /service/%s", event->address);
	addr_text(at, sizeof(at), &event->addr);
	if (*at)
		printf(" at=%s", at);
	if (*event->label) {
		fputs(" label=", stdout);
		ctl_put(event->label);
	}
	if (event->has_peer) {
		ctl_identifier(peer, event->peer);
		printf(" peer=%s", peer);
	}
	if (*event->reason)
		printf(" reason=%s", event->reason);
	if (event->error)
		printf(" error=%s", error_name(event->error));
	putchar('\n');
	return ctl_flush();
}

/* COUNT events did not come; 0: nobody knows yet how many. */
static int print_lost(uint32_t count)
{
	if (ctl_wants_json())
		return ctl_print_line(json_pack("{s:s, s:o}", "event", "lost",
			"count", count ? json_integer(count) : json_null()));
	if (count)
		return ctl_value("- lost %u", count);
	return ctl_value("- lost some: they came faster than they could be written");
}

/* 1 when it was printed, 0 when not, or minus an exit code. */
static int print_event(const struct ctl_args *args, const struct object *event)
{
	uint32_t missing = seen.any ? event->seq - seen.last - 1 : 0;
	int err = missing ? print_lost(missing) : 0;

	seen.any = true;
	seen.last = event->seq;
	if (err || !wanted(args, event))
		return -err;
	err = ctl_wants_json() ? print_json(event) : print_text(event);
	return err ? -err : 1;
}

static int read_event(void *args)
{
	static struct object event;
	int err = events_read(&event);

	if (err == -ENOBUFS)
		return -print_lost(0);
	if (err)
		return -ctl_fail(CTL_IO, "cannot read events: %s",
				 strerror(-err));
	/* Whatever else the socket brings has no number. */
	return event.seq ? print_event(args, &event) : 0;
}

int monitor(struct ctl_args *args)
{
	int err = check_words(args);

	if (err)
		return err;
	err = events_open();
	if (err)
		return genl_fail(err, "cannot listen for events");
	return ctl_loop(args, events_fd(), "events", read_event, args);
}
