// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl show: the overview, which ockamctl alone prints, too. */

#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

/* What of a node is worth a line. */
static bool is_part(const struct object *object)
{
	switch (object->kind) {
	case OCKAM_ENDPOINT_TCP_LISTENER:
	case OCKAM_ENDPOINT_CHANNEL:
	case OCKAM_ENDPOINT_RELAY:
	case OCKAM_ENDPOINT_RELAY_CLIENT:
		return true;
	case OCKAM_ENDPOINT_LINK:
		return object->project;
	}
	return false;
}

static int add_part(void *arg, const struct object *object)
{
	bool steady = object->kind == OCKAM_ENDPOINT_TCP_LISTENER ||
		      object->kind == OCKAM_ENDPOINT_RELAY;
	char addr[80];

	if (!is_part(object))
		return 0;
	addr_text(addr, sizeof(addr), &object->addr);
	json_array_append_new(arg, json_pack(
		"{s:s, s:s, s:o, s:o, s:s, s:o, s:I, s:I}", "kind",
		object_kind(object->kind), "address", object->address, "label",
		object_text(object->label), "at", object_text(addr),
		"status", steady ? "Up" : object_state(object), "peer",
		object_identifier(object->has_peer, object->peer),
		"tx_messages", (json_int_t)object->tx_msgs, "rx_messages",
		(json_int_t)object->rx_msgs));
	return 0;
}

static json_t *parts_json(const char *node)
{
	struct request *request = request_new(OCKAM_CMD_ENDPOINT_GET);
	json_t *parts = json_array();

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_dump(request, add_part, parts);
	return parts;
}

static int add_node(void *arg, const struct object *node)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:o, s:b}", "name",
		node->node, "identity_name", node->identity_name, "identifier",
		object_identifier(node->has_identifier, node->identifier),
		"is_default", node->is_default));
	return 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_part(const json_t *part)
{
	printf("  %-12s ", text_of(part, "kind"));
	if (*text_of(part, "label")) {
		ctl_put(text_of(part, "label"));
		printf(" at %s", text_of(part, "at"));
	} else if (*text_of(part, "at")) {
		printf("%s", text_of(part, "at"));
	} else {
		printf("/service/%s", text_of(part, "address"));
	}
	printf("  %s", text_of(part, "status"));
	if (*text_of(part, "peer"))
		printf("  peer %.12s...", text_of(part, "peer"));
	if (!strcmp(text_of(part, "kind"), "channel"))
		printf("  tx %lld msg  rx %lld msg",
		       (long long)json_integer_value(json_object_get(part,
							"tx_messages")),
		       (long long)json_integer_value(json_object_get(part,
							"rx_messages")));
	putchar('\n');
}

static int count_kind(const json_t *nodes, const char *kind)
{
	json_t *node, *part;
	size_t i, j;
	int count = 0;

	json_array_foreach(nodes, i, node)
		json_array_foreach(json_object_get(node, "parts"), j, part)
			count += !strcmp(text_of(part, "kind"), kind);
	return count;
}

static int print_text(json_t *all)
{
	json_t *nodes = json_object_get(all, "nodes"), *node, *part;
	size_t i, j;

	printf("module ockam %s  family %lld  cipher %s  nodes %zu  channels %d  relays %d\n",
	       text_of(all, "module"), (long long)json_integer_value(
	       json_object_get(all, "family")), text_of(all, "crypto"),
	       json_array_size(nodes), count_kind(nodes, "channel"),
	       count_kind(nodes, "relay"));
	json_array_foreach(nodes, i, node) {
		printf("node %s%s  identity ", text_of(node, "name"),
		       json_is_true(json_object_get(node, "is_default")) ?
		       " (default)" : "");
		ctl_put(text_of(node, "identity_name"));
		printf(" %s\n", text_of(node, "identifier"));
		json_array_foreach(json_object_get(node, "parts"), j, part)
			print_part(part);
	}
	json_decref(all);
	return ctl_flush();
}

int overview(struct ctl_args *args)
{
	json_t *nodes = json_array(), *node, *all;
	static struct object info;
	size_t i;
	int err;

	(void)args;
	err = request_send(request_new(OCKAM_CMD_INFO_GET), &info);
	if (!err)
		err = request_dump(request_new(OCKAM_CMD_NODE_GET), add_node,
				   nodes);
	if (err)
		return genl_fail(err, "cannot ask the module");
	json_array_foreach(nodes, i, node)
		json_object_set_new(node, "parts",
				    parts_json(text_of(node, "name")));
	all = json_pack("{s:s, s:i, s:s, s:o}", "module", info.version,
			"family", (int)info.family, "crypto", info.driver,
			"nodes", nodes);
	return ctl_is_text() ? print_text(all) : ctl_print(all);
}
