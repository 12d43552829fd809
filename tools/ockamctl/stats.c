// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl stats */

#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "route.h"
#include "stats.h"

static json_t *to_json(const struct object *node)
{
	json_t *drops = json_object();

	for (int i = 0; i < node->counted_len; i++)
		json_object_set_new(drops, node->counted[i].name,
				    json_integer(node->counted[i].count));
	return json_pack("{s:s, s:I, s:I, s:o}", "node", node->node,
			 "delivered", (json_int_t)node->delivered, "forwarded",
			 (json_int_t)node->forwarded, "drops", drops);
}

struct search {
	const char *node;	/* NULL: all */
	json_t *found;
};

static int add(void *arg, const struct object *node)
{
	struct search *search = arg;

	if (!search->node || !strcmp(search->node, node->node))
		json_array_append_new(search->found, to_json(node));
	return 0;
}

json_t *stats_json(const char *node)
{
	struct search search = { node, json_array() };
	json_t *one;

	request_dump(request_new(OCKAM_CMD_STATS_GET), add, &search);
	one = json_incref(json_array_get(search.found, 0));
	json_decref(search.found);
	return one ? one : json_null();
}

/* What never happened is not worth a word. */
static void print_drops(const json_t *drops)
{
	const char *reason;
	json_t *count;

	json_object_foreach((json_t *)drops, reason, count)
		if (json_integer_value(count))
			printf("  dropped    %lld %s\n",
			       (long long)json_integer_value(count), reason);
}

static int print_text(json_t *all)
{
	json_t *node;
	size_t i;

	json_array_foreach(all, i, node) {
		printf("node %s\n  delivered  %lld\n  forwarded  %lld\n",
		       json_string_value(json_object_get(node, "node")),
		       (long long)json_integer_value(json_object_get(node,
							"delivered")),
		       (long long)json_integer_value(json_object_get(node,
							"forwarded")));
		print_drops(json_object_get(node, "drops"));
	}
	json_decref(all);
	return ctl_flush();
}

int stats(struct ctl_args *args)
{
	struct search search = { NULL, json_array() };
	char name[65];
	int err = 0;

	if (args->pos_count) {
		err = node_name(args->pos[0], name);
		search.node = name;
	}
	if (err)
		return err;
	err = request_dump(request_new(OCKAM_CMD_STATS_GET), add, &search);
	if (err)
		return genl_fail(err, "cannot count");
	if (search.node && !json_array_size(search.found))
		return ctl_fail(CTL_NOT_FOUND, "there is no node '%s': ockamctl node list",
				name);
	return ctl_is_text() ? print_text(search.found) :
	       ctl_print(search.found);
}
