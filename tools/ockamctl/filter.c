// SPDX-License-Identifier: GPL-2.0 OR MIT
/* --jq: a filter for the JSON that a command prints. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jq.h>
#include "ctl.h"
#include "filter.h"

static jq_state *filter;
static char complaint[256];	/* the first line of what jq says */

static void on_error(void *arg, jv message)
{
	const char *text = jv_string_value(message);

	(void)arg;
	if (!*complaint)
		snprintf(complaint, sizeof(complaint), "%.*s",
			 (int)strcspn(text, "\n"), text);
	jv_free(message);
}

int filter_open(const char *text)
{
	filter = jq_init();
	if (!filter)
		return ctl_fail(CTL_INTERNAL, "out of memory");
	jq_set_error_cb(filter, on_error, NULL);
	if (jq_compile(filter, text))
		return 0;
	return ctl_fail(CTL_USAGE, "--jq '%s': %s", text,
			!strncmp(complaint, "jq: error: ", 11) ?
			complaint + 11 : complaint);
}

bool filter_is_open(void)
{
	return filter;
}

/* Why it ended: @end is invalid; freed. */
static int filter_end(jv end)
{
	jv why;
	int err = 0;

	if (jv_invalid_has_msg(jv_copy(end))) {
		why = jv_invalid_get_msg(jv_copy(end));
		err = ctl_fail(CTL_DATA, "--jq: %s",
			       jv_get_kind(why) == JV_KIND_STRING ?
			       jv_string_value(why) : "the filter failed");
		jv_free(why);
	}
	jv_free(end);
	return err;
}

int filter_print(const json_t *json, bool pretty)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS |
				JSON_ENCODE_ANY);
	jv result;

	if (!text)
		return ctl_fail(CTL_INTERNAL, "out of memory");
	jq_start(filter, jv_parse(text), 0);
	free(text);
	while (jv_is_valid(result = jq_next(filter))) {
		jv_dumpf(result, stdout, pretty ? JV_PRINT_INDENT_FLAGS(2) : 0);
		putchar('\n');
	}
	return filter_end(result);
}
