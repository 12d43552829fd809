// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl secure-channel-listener and secure-channel */

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "authority.h"
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

static unsigned char authorized[32 * CTL_MAX_VALUES];

static int read_exposures(const struct ctl_args *args, struct route *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	for (int i = 0; !err && i < args->expose.count; i++)
		err = route_add(out, args->expose.value[i]);
	return err;
}

/* --linger and --idle */
static int read_life(const struct ctl_args *args, struct channel_life *life)
{
	int ms = 0;

	memset(life, 0, sizeof(*life));
	life->has_linger = args->linger;
	if (args->linger)
		ms = ctl_time_ms(args->linger, "--linger", 0, 86400);
	if (ms < 0)
		return -ms;
	life->linger_ms = ms;
	life->has_idle = args->idle;
	if (args->idle)
		ms = ctl_time_ms(args->idle, "--idle", 0, 86400);
	life->idle_ms = ms < 0 ? 0 : ms;
	return ms < 0 ? -ms : 0;
}

static json_t *listener_json(const struct object *object)
{
	return json_pack("{s:s, s:s+, s:o, s:o, s:b, s:o, s:I, s:I, s:i, s:I, s:I}", "node",
			 object->node, "address", "/service/", object->address,
			 "authorized_identifiers", object_identifiers(object),
			 "authorities", object_authorities(object),
			 "require_credential", object->require_credential,
			 "flow_control_id", object_flow(object), "linger_ms",
			 (json_int_t)object->linger_ms, "idle_ms",
			 (json_int_t)object->idle_ms, "half_open",
			 (int)object->half_open, "accepted",
			 (json_int_t)object->accepted, "refused",
			 (json_int_t)object->refused);
}

static int listener_create(struct ctl_args *args)
{
	static struct object object;
	static struct route expose;
	struct channel_life life;
	struct request *request;
	char node[65];
	size_t len;
	int err;

	if (!args->pos_count)
		return ctl_fail(CTL_USAGE, "say at which address to listen: NAME");
	err = node_name(args->at, node);
	if (!err)
		err = ctl_parse_identifiers(authorized, &len,
					    &args->authorized);
	if (!err)
		err = read_exposures(args, &expose);
	if (!err)
		err = read_life(args, &life);
	if (err)
		return err;
	request = request_new(OCKAM_CMD_CHANNEL_LISTENER_NEW);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_bytes(request, OCKAM_A_ADDRESS, args->pos[0],
		      strlen(args->pos[0]));
	request_bytes(request, OCKAM_A_EXPOSE, expose.hops, expose.len);
	request_life(request, &life);
	if (len)
		request_bytes(request, OCKAM_A_IDENTIFIERS, authorized, len);
	err = request_authorities(request, args);
	if (err)
		return err;
	err = request_send(request, &object);
	return err ? genl_fail(err, args->pos[0]) :
	       ctl_result(json_pack("[{s:s+}]", "address", "/service/",
				    object.address), "/service/%s",
			  object.address);
}

static int listener_list(struct ctl_args *args)
{
	return object_list(args, OCKAM_ENDPOINT_CHANNEL_LISTENER,
			   listener_json);
}

static int listener_show(struct ctl_args *args)
{
	return object_show(args, OCKAM_ENDPOINT_CHANNEL_LISTENER,
			   listener_json);
}

static int listener_delete(struct ctl_args *args)
{
	return object_remove(args, OCKAM_ENDPOINT_CHANNEL_LISTENER,
			     "/service/");
}

static json_t *channel_json(const struct object *object)
{
	long long age = object->created ?
			(long long)time(NULL) - (long long)object->created : 0;
	static char route[GENL_ROUTE_MAX * 5];

	route_text(route, sizeof(route), object->route, object->route_len);
	return json_pack("{s:s, s:s, s:s+, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:{s:I, s:I}, s:{s:I, s:I, s:I, s:I, s:I}}",
			 "node", object->node, "channel", object->address,
			 "address", "/service/", object->address, "route",
			 route, "authorized_identifiers",
			 object_identifiers(object), "flow_control_id",
			 object_flow(object), "their_identifier",
			 object_identifier(object->has_peer, object->peer),
			 "our_identifier",
			 object_identifier(object->has_identifier,
					   object->identifier),
			 "authorities", object_authorities(object),
			 "credential", object_credential(object),
			 "role", object->role == OCKAM_ROLE_INITIATOR ?
			 "initiator" : "responder", "status",
			 object_state(object), "suite",
			 object_text(object->suite), "driver",
			 object_text(object->driver), "linger_ms",
			 (json_int_t)object->linger_ms, "idle_ms",
			 (json_int_t)object->idle_ms, "age_ms",
			 (json_int_t)age * 1000, "rekeys",
			 (json_int_t)object->rekeys,
			 "tx", "msgs", (json_int_t)object->tx_msgs, "bytes",
			 (json_int_t)object->tx_bytes,
			 "rx", "msgs", (json_int_t)object->rx_msgs, "bytes",
			 (json_int_t)object->rx_bytes, "replays",
			 (json_int_t)object->replays, "out_of_window",
			 (json_int_t)object->out_of_window, "auth_fail",
			 (json_int_t)object->auth_failed);
}

static int create(struct ctl_args *args)
{
	struct channel_options options = { .shared = args->shared,
					   .args = args };
	static struct route route, expose;
	static struct object object;
	char node[65], id[66];
	size_t len;
	int err;

	options.ms = ctl_timeout_ms(args);
	if (options.ms < 0)
		return -options.ms;
	if (!args->to)
		return ctl_fail(CTL_USAGE, "say where to: --to ROUTE, such as /node/n2/service/api");
	err = node_name(args->from, node);
	if (!err)
		err = ctl_parse_identifiers(authorized, &len,
					    &args->authorized);
	if (!err)
		err = read_exposures(args, &expose);
	if (!err)
		err = read_life(args, &options.life);
	if (!err)
		err = route_resolve(node, args->to, options.ms, &route);
	if (err)
		return err;
	if (len) {
		options.identifiers = authorized;
		options.identifiers_len = len;
	}
	options.expose = &expose;
	err = channel_open(node, &route, &options, &object);
	if (err)
		return err;
	if (!len) {
		ctl_identifier(id, object.peer);
		ctl_note("peer %s is not pinned: --authorized %s accepts no other",
			 id, id);
	}
	return ctl_result(json_pack("[{s:s+, s:o, s:o}]", "address",
				    "/service/", object.address,
				    "flow_control_id", object_flow(&object),
				    "their_identifier",
				    object_identifier(true, object.peer)),
			  "/service/%s", object.address);
}

static int list(struct ctl_args *args)
{
	return object_list(args, OCKAM_ENDPOINT_CHANNEL, channel_json);
}

static int show(struct ctl_args *args)
{
	return object_show(args, OCKAM_ENDPOINT_CHANNEL, channel_json);
}

/* A request about a channel; with @route: that is its new one. */
static int change(struct ctl_args *args, int command, struct object *object,
		  const struct route *route)
{
	struct request *request = request_new(command);
	int err;

	request_text(request, OCKAM_A_NODE_NAME, object->node);
	request_bytes(request, OCKAM_A_ADDRESS, object->address,
		      strlen(object->address));
	if (route)
		request_bytes(request, OCKAM_A_ROUTE, route->hops, route->len);
	err = request_send(request, NULL);
	return err ? genl_fail(err, args->pos[0]) :
	       ctl_result(json_pack("{s:s+}", "address", "/service/",
				    object->address), "/service/%s",
			  object->address);
}

static int update(struct ctl_args *args)
{
	struct ctl_args which = *args;
	static struct object object;
	static struct route route;
	int ms = ctl_timeout_ms(args), err;

	if (ms < 0)
		return -ms;
	if (!args->to)
		return ctl_fail(CTL_USAGE, "say which way: --to ROUTE of the peer's node, such as /node/n2");
	which.to = NULL;	/* here it names no node */
	err = object_arg(&which, OCKAM_ENDPOINT_CHANNEL, &object);
	if (!err)
		err = route_resolve(object.node, args->to, ms, &route);
	return err ? err : change(args, OCKAM_CMD_CHANNEL_SET, &object, &route);
}

static int rekey(struct ctl_args *args)
{
	static struct object object;
	int err = object_arg(args, OCKAM_ENDPOINT_CHANNEL, &object);

	return err ? err : change(args, OCKAM_CMD_CHANNEL_REKEY, &object, NULL);
}

static int delete(struct ctl_args *args)
{
	return object_remove(args, OCKAM_ENDPOINT_CHANNEL, "/service/");
}

const struct ctl_command listener_commands[] = {
	{ "create", listener_create, NULL,
	  "NAME [--at NODE] [--authorized IDENTIFIER]... [--authority HISTORY]... [--require-credential] [--expose NAME]... [--linger SECONDS] [--idle SECONDS] [--output json]",
	  "accept secure channels; they reach only what is exposed",
	  "ockamctl secure-channel-listener create api2 --at n1 --expose echo" },
	{ "list", listener_list, NULL, "[--at NODE] [--output json]",
	  "list channel listeners", "ockamctl secure-channel-listener list" },
	{ "show", listener_show, NULL, "NAME [--at NODE] [--output json]",
	  "print a channel listener",
	  "ockamctl secure-channel-listener show api --at n1" },
	{ "delete", listener_delete, NULL, "NAME [--at NODE] [--yes] [--output json]",
	  "stop accepting channels; without --at on the one node that has it",
	  "ockamctl secure-channel-listener delete api2 --at n1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

const struct ctl_command channel_commands[] = {
	{ "create", create, NULL,
	  "--to ROUTE [--from NODE] [--authorized IDENTIFIER]... [--authority HISTORY]... [--require-credential] [--expose NAME]... [--shared] [--linger SECONDS] [--idle SECONDS] [--timeout SECONDS] [--output json]",
	  "open a secure channel",
	  "ockamctl secure-channel create --from n1 --to /node/n2/service/api" },
	{ "list", list, NULL, "[--at NODE] [--output json]", "list channels",
	  "ockamctl secure-channel list --at n1" },
	{ "show", show, NULL, "ADDRESS [--at NODE] [--output json]",
	  "print a channel", "ockamctl secure-channel show ADDRESS --at n1" },
	{ "rekey", rekey, NULL, "ADDRESS [--at NODE] [--output json]",
	  "change the key that a channel sends with",
	  "ockamctl secure-channel rekey ADDRESS --at n1" },
	{ "update", update, NULL,
	  "ADDRESS --to ROUTE [--at NODE] [--timeout SECONDS] [--output json]",
	  "give a channel another route to the node of its peer",
	  "ockamctl secure-channel update ADDRESS --at n1 --to /node/n2" },
	{ "delete", delete, NULL, "ADDRESS [--at NODE] [--yes] [--output json]",
	  "close a channel", "ockamctl secure-channel delete ADDRESS --at n1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
