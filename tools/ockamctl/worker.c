// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl worker: all that has an address on a node. */

#include <stdio.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"

/* owner null: the administrator; queue null: it has none */
static json_t *worker_json(const struct object *object)
{
	json_t *queue = object->has_queue ? json_integer(object->queue) :
			json_null();
	json_t *owner = object->has_owner ? json_integer(object->owner) :
			json_null();

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b}", "node",
			 object->node, "addr", object->address, "kind",
			 object_kind(object->kind), "queue", queue, "owner",
			 owner, "shared", object->shared);
}

static int list(struct ctl_args *args)
{
	static const char *const columns[] = { "node", "addr", "kind", "queue",
					       "owner", NULL };
	json_t *all;
	int err;

	err = object_collect(args, OBJECT_ANY_KIND, worker_json, &all);
	return err ? err : ctl_print_table(all, columns);
}

const struct ctl_command worker_commands[] = {
	{ "list", list, NULL, "[--at NODE] [--output json]",
	  "list node, address, kind, waiting messages and owner (a user, or - for the administrator)",
	  "ockamctl worker list --at n1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
