// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl relay (= forwarder): make a node reachable through another one. */

#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

/* Where the relay is, and who must answer there. */
struct place {
	struct sockaddr_storage addr;
	struct route route;
	unsigned char id[32];
	bool has_id;
};

static int at_project(const char *node, const char *name, struct place *out)
{
	static struct project project;
	int err = project_load(node, name, &project);

	if (!err)
		err = addr_resolve(&out->addr, project.host, project.port);
	if (err)
		return err;
	out->route = project.route;
	memcpy(out->id, project.identifier, 32);
	out->has_id = true;
	return 0;
}

/* /project/NAME, /node/NAME or /ip4/A/tcp/P, with or without a listener. */
static int find_place(const char *node, const char *text, struct place *out)
{
	static struct project parsed;
	struct component part;
	const char *rest = text;
	int more = route_component(&rest, &part);

	memset(out, 0, sizeof(*out));
	if (more < 0)
		return -more;
	if (more && !*rest && !strcmp(part.protocol, "project"))
		return at_project(node, part.value, out);
	if (more && !*rest && !strcmp(part.protocol, "node")) {
		if (!node_listener(part.value, &out->addr))
			return 0;
		return ctl_fail(CTL_ROUTE, "route %s cannot be resolved: no node named '%s' listens here (ockamctl node list)",
				text, part.value);
	}
	if (!more || project_parse_route(text, &parsed))
		return ctl_fail(CTL_ROUTE, "--at is /project/NAME, /node/NAME or /ip4/A/tcp/P/secure/api");
	out->route = parsed.route;
	return addr_resolve(&out->addr, parsed.host, parsed.port);
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
				  const struct place *place,
				  const struct route *expose)
{
	struct request *request = request_new(OCKAM_CMD_RELAY_CLIENT_NEW);

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_text(request, OCKAM_A_LABEL, name);
	request_bytes(request, OCKAM_A_ADDRESS, name, strlen(name));
	request_addr(request, &place->addr);
	request_bytes(request, OCKAM_A_ROUTE, place->route.hops,
		      place->route.len);
	request_bytes(request, OCKAM_A_EXPOSE, expose->hops, expose->len);
	if (place->has_id)
		request_bytes(request, OCKAM_A_IDENTIFIERS, place->id, 32);
	return request;
}

static json_t *relay_json(const struct object *object)
{
	char addr[80], dest[128], forwarding[ADDRESS_TEXT + 280] = "";

	addr_text(addr, sizeof(addr), &object->addr);
	snprintf(dest, sizeof(dest), "/%s/%.*s/tcp/%s",
		 object->addr.ss_family == AF_INET6 ? "ip6" : "ip4",
		 (int)(strrchr(addr, ':') - addr), addr,
		 strrchr(addr, ':') + 1);
	if (*object->remote)
		snprintf(forwarding, sizeof(forwarding), "0#%s => 0#%s",
			 object->hop, object->remote);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s+, s:o, s:s}",
			 "node", object->node, "name", object->label,
			 "connection_status",
			 object->state == OCKAM_STATE_UP ? "Up" : "Down",
			 "destination_address", dest, "forwarding_route",
			 forwarding, "remote_address", object->remote,
			 "worker_address", "0#", object->address,
			 "their_identifier",
			 object_identifier(object->has_peer, object->peer),
			 "last_failure", object->reason);
}

static int create(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : "default";
	int ms = ctl_timeout_ms(args), err;
	static struct object object;
	static struct route expose;
	static struct place place;
	char node[65];

	if (ms < 0)
		return -ms;
	if (!args->at)
		return ctl_fail(CTL_USAGE, "say where the relay is: --at /project/NAME or /node/NAME");
	if (strlen(name) > 64)
		return ctl_fail(CTL_USAGE, "the name of a relay has at most 64 bytes");
	err = node_name(args->to, node);
	if (!err)
		err = find_place(node, args->at, &place);
	if (!err && args->authorized.count) {
		err = ctl_parse_identifier(place.id, args->authorized.value[0]);
		place.has_id = true;
	}
	if (!err)
		err = exposed(&args->expose, &expose);
	if (err)
		return err;
	err = events_open();
	if (!err)
		err = request_send(new_client(node, name, &place, &expose),
				   &object);
	if (err)
		return genl_fail(err, name);
	err = object_wait(&object, ms, "relay");
	return err ? err : ctl_result(relay_json(&object), "/service/%s",
				      object.remote);
}

static int list(struct ctl_args *args)
{
	return object_list(args, OCKAM_ENDPOINT_RELAY_CLIENT, relay_json);
}

static int show(struct ctl_args *args)
{
	return object_show(args, OCKAM_ENDPOINT_RELAY_CLIENT, relay_json);
}

static int delete(struct ctl_args *args)
{
	static struct object object;
	const char *at = args->at ? args->at : args->to;
	char node[65];
	int err;

	if (!args->pos_count)
		return ctl_fail(CTL_USAGE, "say which relay: its name");
	err = at ? node_name(at, node) : 0;
	if (!err)
		err = object_find(at ? node : NULL, OCKAM_ENDPOINT_RELAY_CLIENT,
				  args->pos[0], &object);
	if (err || !ctl_confirm(args, object.label))
		return err;
	err = object_delete(object.node, object.address,
			    OCKAM_ENDPOINT_RELAY_CLIENT);
	return err ? genl_fail(err, args->pos[0]) :
	       ctl_result(json_pack("{s:s}", "name", object.label), "%s",
			  object.label);
}

const struct ctl_command relay_commands[] = {
	{ "create", create, NULL,
	  "[NAME] --at ROUTE [--to NODE] [--expose NAME]... [--authorized IDENTIFIER] [--timeout SECONDS] [--output json]",
	  "register a node at a relay and keep it registered",
	  "ockamctl relay create n3 --at /project/default --to /node/n3" },
	{ "list", list, NULL, "[--to NODE] [--output json]", "list relays",
	  "ockamctl relay list --to n3" },
	{ "show", show, NULL, "NAME [--at NODE] [--output json]",
	  "print a relay", "ockamctl relay show n3 --at /node/n3" },
	{ "delete", delete, NULL, "NAME [--at NODE] [--yes] [--output json]",
	  "give a relay up", "ockamctl relay delete n3" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
