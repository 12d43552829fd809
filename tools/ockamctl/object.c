// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What list, show and delete have in common for all kinds of objects. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "object.h"
#include "route.h"

struct listing {
	json_t *all;
	object_to_json to_json;
};

static int append(void *arg, const struct object *object)
{
	struct listing *listing = arg;
	json_t *json = listing->to_json(object);

	if (json)
		json_array_append_new(listing->all, json);
	return 0;
}

static struct request *of_kind(const char *node, uint32_t kind)
{
	struct request *request = request_new(OCKAM_CMD_ENDPOINT_GET);

	request_text(request, OCKAM_A_NODE_NAME, node);
	if (kind != OBJECT_ANY_KIND)
		request_u32(request, OCKAM_A_KIND, kind);
	return request;
}

/* --at, --from or --to says which node; none: all nodes. */
static int chosen_node(struct ctl_args *args, char name[65], const char **node)
{
	const char *text = args->at ? args->at : args->from ? args->from :
			   args->to;

	*node = text ? name : NULL;
	return text ? node_name(text, name) : 0;
}

/* A dump of the objects of a node that is not there would be an empty list. */
static int check_node(const char *name)
{
	struct request *request = request_new(OCKAM_CMD_NODE_GET);
	int err;

	request_text(request, OCKAM_A_NODE_NAME, name);
	err = request_send(request, NULL);
	return err ? genl_fail(err, name) : 0;
}

int object_collect(struct ctl_args *args, uint32_t kind,
		   object_to_json to_json, json_t **out)
{
	struct listing listing = { json_array(), to_json };
	const char *node;
	char name[65];
	int err;

	err = chosen_node(args, name, &node);
	if (!err && node)
		err = check_node(node);
	if (err)
		return err;
	err = request_dump(of_kind(node, kind), append, &listing);
	*out = listing.all;
	return err ? genl_fail(err, "cannot list") : 0;
}

int object_list(struct ctl_args *args, uint32_t kind, object_to_json to_json)
{
	json_t *all;
	int err = object_collect(args, kind, to_json, &all);

	return err ? err : ctl_print(all);
}

struct search {
	const char *name;	/* not empty, as a label may be */
	struct object *out;
	bool found;
};

/* The first one; 1 if another node has one as well. */
static int match(void *arg, const struct object *object)
{
	struct search *search = arg;
	char addr[80];

	addr_text(addr, sizeof(addr), &object->addr);
	if (strcmp(search->name, object->address) &&
	    strcmp(search->name, object->label) && strcmp(search->name, addr))
		return 0;
	if (search->found)
		return !!strcmp(search->out->node, object->node);
	search->found = true;
	*search->out = *object;
	return 0;
}

/* /node/NODE/service/NAME says which node, too. */
static int node_of(const char *name, char own[65], const char **node)
{
	char slash[2];

	if (sscanf(name, "/node/%64[^/]%1[/]", own, slash) != 2)
		return 0;
	if (*node && strcmp(*node, own))
		return ctl_fail(CTL_USAGE, "'%s' is not on node '%s'", name,
				*node);
	*node = own;
	return 0;
}

int object_ambiguous(const char *name)
{
	return ctl_fail(CTL_USAGE, "'%s' is on several nodes: say on which, --at NODE",
			name);
}

int object_find(const char *node, uint32_t kind, const char *name,
		struct object *out)
{
	const char *slash = strrchr(name, '/');
	struct search search = { .name = slash ? slash + 1 : name, .out = out };
	char own[65];
	int err;

	if (!*search.name)
		return ctl_fail(CTL_USAGE, "say which one: its address or name");
	err = node_of(name, own, &node);
	if (err)
		return err;
	err = request_dump(of_kind(node, kind), match, &search);
	if (err < 0)
		return genl_fail(err, name);
	if (err)
		return object_ambiguous(name);
	return search.found ? 0 :
	       ctl_fail(CTL_NOT_FOUND, "there is no '%s' here: see list", name);
}

int object_arg(struct ctl_args *args, uint32_t kind, struct object *out)
{
	const char *node;
	char name[65];
	int err;

	if (!args->pos_count)
		return ctl_fail(CTL_USAGE, "say which one: its address or name");
	err = placeholder_fill(&args->pos[0]);
	if (!err)
		err = chosen_node(args, name, &node);
	return err ? err : object_find(node, kind, args->pos[0], out);
}

int object_show(struct ctl_args *args, uint32_t kind, object_to_json to_json)
{
	static struct object object;
	int err = object_arg(args, kind, &object);

	return err ? err : ctl_print(to_json(&object));
}

int object_remove(struct ctl_args *args, uint32_t kind, const char *prefix)
{
	static struct object object;
	int err = object_arg(args, kind, &object);

	if (err || !ctl_confirm(args, args->pos[0]))
		return err;
	err = object_delete(object.node, object.address, kind);
	return err ? genl_fail(err, object.address) :
	       ctl_result(json_pack("{s:s+}", "address", prefix,
				    object.address), "%s%s", prefix,
			  object.address);
}

const char *object_kind(uint32_t kind)
{
	static const char *const names[] = {
		[OCKAM_ENDPOINT_SOCKET] = "socket",
		[OCKAM_ENDPOINT_SERVICE] = "service",
		[OCKAM_ENDPOINT_TCP_LISTENER] = "tcp-listener",
		[OCKAM_ENDPOINT_TCP_CONNECTION] = "tcp-connection",
		[OCKAM_ENDPOINT_CHANNEL_LISTENER] = "channel-listener",
		[OCKAM_ENDPOINT_CHANNEL] = "channel",
		[OCKAM_ENDPOINT_DECRYPTOR] = "decryptor",
		[OCKAM_ENDPOINT_RELAY] = "relay",
		[OCKAM_ENDPOINT_LINK] = "link",
		[OCKAM_ENDPOINT_RELAY_CLIENT] = "relay-client",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}

const char *object_state(const struct object *object)
{
	static const char *const names[] = { "Down", "Connecting", "Up",
					     "Closed" };

	return names[object->state & 3];
}

json_t *object_text(const char *text)
{
	return *text ? json_string(text) : json_null();
}

json_t *object_identifier(bool there, const unsigned char id[32])
{
	char text[66];

	if (!there)
		return json_null();
	ctl_identifier(text, id);
	return json_string(text);
}

json_t *object_ids(bool there, const unsigned char *ids, size_t len)
{
	json_t *all;

	if (!there)
		return json_null();
	all = json_array();
	for (size_t i = 0; i + 32 <= len; i += 32)
		json_array_append_new(all, object_identifier(true, ids + i));
	return all;
}

json_t *object_identifiers(const struct object *object)
{
	return object_ids(object->has_identifiers, object->identifiers,
			  object->identifiers_len);
}

json_t *object_flow(const struct object *object)
{
	char text[33];

	if (!object->has_flow)
		return json_null();
	ctl_hex(text, object->flow, 16);
	return json_string(text);
}
