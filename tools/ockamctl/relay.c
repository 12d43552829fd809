// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl relay (= forwarder): make a node reachable through another one. */

#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

/* Where the relay is, and who must answer there. */
struct relay_place {
	struct place place;
	unsigned char ids[32 * CTL_MAX_VALUES];
	size_t ids_len;		/* 0: anybody */
};

/* Who was asked for must be whom the project is known to be. */
static int at_project(const char *node, const char *name,
		      struct relay_place *out)
{
	static struct project project;
	char pinned[66], asked[66];
	int err = project_load(node, name, &project);

	if (!err)
		err = place_resolve(&project.place);
	if (err)
		return err;
	for (size_t at = 0; out->ids_len; at += 32) {
		if (at == out->ids_len) {
			ctl_identifier(pinned, project.identifier);
			ctl_identifier(asked, out->ids);
			return ctl_fail(CTL_PERMISSION, "project '%s' is %s, not %s",
					name, pinned, asked);
		}
		if (!memcmp(out->ids + at, project.identifier, 32))
			break;
	}
	out->place = project.place;
	memcpy(out->ids, project.identifier, 32);
	out->ids_len = 32;
	return 0;
}

static int at_node(const char *name, const char *rest, struct place *out)
{
	if (node_listener(name, &out->addr))
		return ctl_fail(CTL_ROUTE, "route /node/%s cannot be resolved: no node named '%s' listens here (ockamctl node list)",
				name, name);
	addr_make_reachable(&out->addr);
	return route_add_hops(&out->route, rest);
}

/*
 * /project/NAME, or /node/NAME or /dnsaddr/HOST/tcp/PORT with or without the
 * way to a channel listener.
 */
static int find_place(const char *node, const char *text,
		      struct relay_place *out)
{
	struct component part;
	const char *rest = text;
	int more = route_component(&rest, &part), err;

	if (more < 0)
		return -more;
	if (more && !*rest && !strcmp(part.protocol, "project"))
		return at_project(node, part.value, out);
	if (more && !strcmp(part.protocol, "node"))
		err = at_node(part.value, rest, &out->place);
	else
		err = place_parse(text, &out->place);
	if (!err && out->ids_len && !out->place.route.count)
		return ctl_fail(CTL_USAGE, "--authorized wants a secure channel: --at %s/secure/api",
				text);
	return err || out->place.addr.ss_family ? err :
						  place_resolve(&out->place);
}

/* Two of a name would take the relay away from each other. */
static int is_it(void *name, const struct object *object)
{
	return !strcmp(object->label, name);
}

static int check_new(const char *node, const char *name)
{
	struct request *request = request_new(OCKAM_CMD_ENDPOINT_GET);
	int found;

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_u32(request, OCKAM_A_KIND, OCKAM_ENDPOINT_RELAY_CLIENT);
	found = request_dump(request, is_it, (void *)name);
	if (found == 1)
		return ctl_fail(CTL_EXISTS, "node '%s' has a relay '%s': ockamctl relay delete %s comes first",
				node, name, name);
	return found ? genl_fail(found, name) : 0;
}

/* What may be reached through the relay: what always is, and what is said. */
static int exposed(const struct ctl_values *more, struct route *out)
{
	static const char *const always[] = { "api", "echo", "uppercase" };
	int err = 0;

	out->len = 0;
	out->count = 0;
	for (int i = 0; i < 3; i++)
		route_add(out, always[i]);
	for (int i = 0; !err && i < more->count; i++)
		err = route_add(out, more->value[i]);
	return err;
}

static struct request *new_client(const char *node, const char *name,
				  const char *address,
				  const struct relay_place *at,
				  const struct route *expose)
{
	struct request *request = request_new(OCKAM_CMD_RELAY_CLIENT_NEW);

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_text(request, OCKAM_A_LABEL, name);
	request_bytes(request, OCKAM_A_ADDRESS, address, strlen(address));
	request_place(request, &at->place);
	request_bytes(request, OCKAM_A_EXPOSE, expose->hops, expose->len);
	if (at->ids_len)
		request_bytes(request, OCKAM_A_IDENTIFIERS, at->ids,
			      at->ids_len);
	return request;
}

static json_t *relay_json(const struct object *object)
{
	char addr[80], dest[128], forwarding[ADDRESS_TEXT + 280] = "";
	bool ip6 = object->addr.ss_family == AF_INET6;
	const char *port;

	addr_text(addr, sizeof(addr), &object->addr);
	port = strrchr(addr, ':');
	snprintf(dest, sizeof(dest), "/%s/%.*s/tcp/%s", ip6 ? "ip6" : "ip4",
		 (int)(port - addr) - 2 * ip6, addr + ip6, port + 1);
	if (*object->remote)
		snprintf(forwarding, sizeof(forwarding), "0#%s => 0#%s",
			 object->hop, object->remote);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s+, s:o, s:s, s:i}",
			 "node", object->node, "name", object->label,
			 "connection_status",
			 object->state == OCKAM_STATE_UP ? "Up" : "Down",
			 "destination_address", dest, "destination_host",
			 object_text(object->host), "forwarding_route",
			 forwarding, "remote_address", object->remote,
			 "worker_address", "0#", object->address,
			 "their_identifier",
			 object_identifier(object->has_peer, object->peer),
			 "last_failure", object->reason, "attempts",
			 (int)object->tries);
}

/* A relay that a node here is for another one. */
static json_t *hosted_json(const struct object *object)
{
	static char route[GENL_ROUTE_MAX * 5];

	route_text(route, sizeof(route), object->route, object->route_len);
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I}", "node",
			 object->node, "address", object->address,
			 "forwarding_route", route, "their_identifier",
			 object_identifier(object->has_peer, object->peer),
			 "created", (json_int_t)object->created,
			 "forwarded_messages", (json_int_t)object->tx_msgs,
			 "forwarded_bytes", (json_int_t)object->tx_bytes);
}

/* The address that the relay will have, if it chooses none itself. */
static const char *expected(const char *address, char dst[160])
{
	bool any = !strcmp(address, "register");

	snprintf(dst, 160, "%s%s", any ? "" : "forward_to_", address);
	return dst;
}

static int made(struct ctl_args *args, struct object *object,
		const char *address, int ms)
{
	char later[160];
	int err;

	if (args->no_connection_wait)
		return ctl_result(relay_json(object), "/service/%s",
				  expected(address, later));
	err = object_wait(object, ms, "relay");
	return err ? err : ctl_result(relay_json(object), "/service/%s",
				      object->remote);
}

static int create(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : "default";
	const char *address = args->relay_address ? args->relay_address : name;
	const char *at = args->at ? args->at : "/project/default";
	int ms = ctl_timeout_ms(args), err;
	static struct relay_place place;
	static struct object object;
	static struct route expose;
	char node[65];

	if (ms < 0)
		return -ms;
	if (!*name || strlen(name) > 64)
		return ctl_fail(CTL_USAGE, "the name of a relay has 1 to 64 bytes");
	if (!*address || strlen(address) > 128)
		return ctl_fail(CTL_USAGE, "the address of a relay has 1 to 128 bytes");
	err = node_name(args->to, node);
	if (!err)
		err = ctl_parse_identifiers(place.ids, &place.ids_len,
					    &args->authorized);
	if (!err)
		err = exposed(&args->expose, &expose);
	if (!err)
		err = find_place(node, at, &place);
	if (!err)
		err = check_new(node, name);
	if (err)
		return err;
	err = events_open();
	if (!err)
		err = request_send(new_client(node, name, address, &place,
					      &expose), &object);
	return err ? genl_fail(err, name) : made(args, &object, address, ms);
}

static uint32_t kind_of(const struct ctl_args *args)
{
	return args->host ? OCKAM_ENDPOINT_RELAY : OCKAM_ENDPOINT_RELAY_CLIENT;
}

static int list(struct ctl_args *args)
{
	return object_list(args, kind_of(args),
			   args->host ? hosted_json : relay_json);
}

static int show(struct ctl_args *args)
{
	return object_show(args, kind_of(args),
			   args->host ? hosted_json : relay_json);
}

static int delete(struct ctl_args *args)
{
	static struct object object;
	const char *at = args->at ? args->at : args->to, *name;
	char node[65];
	int err;

	if (!args->pos_count)
		return ctl_fail(CTL_USAGE, "say which relay: its name");
	err = placeholder_fill(&args->pos[0]);
	if (!err && at)
		err = node_name(at, node);
	if (!err)
		err = object_find(at ? node : NULL, kind_of(args),
				  args->pos[0], &object);
	name = args->host ? object.address : object.label;
	if (err || !ctl_confirm(args, name))
		return err;
	err = object_delete(object.node, object.address, kind_of(args));
	return err ? genl_fail(err, args->pos[0]) :
	       ctl_result(json_pack("{s:s}", "name", name), "%s", name);
}

const struct ctl_command relay_commands[] = {
	{ "create", create, NULL,
	  "[NAME] [--at ROUTE] [--to NODE] [--expose NAME]... [--authorized IDENTIFIER]... [--relay-address ADDRESS] [--no-connection-wait] [--timeout SECONDS] [--output json]",
	  "register a node at a relay and keep it registered",
	  "ockamctl relay create n3 --at /project/default --to /node/n3" },
	{ "list", list, NULL, "[--to NODE] [--host] [--output json]",
	  "list registrations; with --host relays that nodes here are for others",
	  "ockamctl relay list --to n3" },
	{ "show", show, NULL, "NAME [--at NODE] [--host] [--output json]",
	  "print a registration; with --host a relay and what it forwarded",
	  "ockamctl relay show n3 --at /node/n3" },
	{ "delete", delete, NULL, "NAME [--at NODE] [--host] [--yes] [--output json]",
	  "give a registration up; with --host take a relay away; without --at on the one node that has it",
	  "ockamctl relay delete n3" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
