// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Talking to the module: requests, objects, events. */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include "ctl.h"
#include "genl.h"

struct request {
	struct nl_msg *msg;
	bool bad;		/* it has not got all that it was to say */
};

static struct nl_sock *sock, *event_sock;
static int family;
static char kernel_says[256];	/* extended-ack text of the last error */

static int connect_family(void)
{
	int on = 1;

	if (sock)
		return family > 0 ? 0 : -ENOPROTOOPT;
	sock = nl_socket_alloc();
	if (!sock || genl_connect(sock))
		return -ENOMEM;
	/* Errors with a text, and without an echo of the request. */
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &on,
		   sizeof(on));
	nl_socket_set_buffer_size(sock, 1 << 20, 0);
	family = genl_ctrl_resolve(sock, OCKAM_GENL_NAME);
	return family < 0 ? -ENOPROTOOPT : 0;
}

struct request *request_new(int command)
{
	static struct request request;

	request.msg = nlmsg_alloc_size(131072);
	request.bad = connect_family() || !request.msg ||
		      !genlmsg_put(request.msg, NL_AUTO_PORT, NL_AUTO_SEQ,
				   family, 0, NLM_F_REQUEST, command,
				   OCKAM_GENL_VERSION);
	return &request;
}

void request_text(struct request *request, int attr, const char *text)
{
	if (text)
		request_bytes(request, attr, text, strlen(text) + 1);
}

void request_bytes(struct request *request, int attr, const void *data,
		   size_t len)
{
	if (!request->bad)
		request->bad = len > UINT16_MAX - NLA_HDRLEN ||
			       nla_put(request->msg, attr, len, data);
}

void request_u32(struct request *request, int attr, uint32_t value)
{
	request_bytes(request, attr, &value, sizeof(value));
}

void request_flag(struct request *request, int attr)
{
	request_bytes(request, attr, NULL, 0);
}

struct nlattr *request_nest(struct request *request, int attr)
{
	struct nlattr *nest = NULL;

	if (!request->bad)
		nest = nla_nest_start(request->msg, attr | NLA_F_NESTED);
	request->bad = !nest;
	return nest;
}

void request_nest_end(struct request *request, struct nlattr *nest)
{
	if (!request->bad)
		request->bad = nla_nest_end(request->msg, nest);
}

void request_addr(struct request *request, const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *in6 = (const void *)addr;
	const struct sockaddr_in *in = (const void *)addr;
	uint16_t port;

	if (addr->ss_family == AF_INET6) {
		request_bytes(request, OCKAM_A_IP, &in6->sin6_addr, 16);
		port = ntohs(in6->sin6_port);
	} else {
		request_bytes(request, OCKAM_A_IP, &in->sin_addr, 4);
		port = ntohs(in->sin_port);
	}
	request_bytes(request, OCKAM_A_PORT, &port, sizeof(port));
}

static void read_addr(struct sockaddr_storage *addr, struct nlattr *ip,
		      struct nlattr *port)
{
	struct sockaddr_in6 *in6 = (void *)addr;
	struct sockaddr_in *in = (void *)addr;

	if (!ip || !port)
		return;
	if (nla_len(ip) == 16) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(nla_get_u16(port));
		memcpy(&in6->sin6_addr, nla_data(ip), 16);
	} else if (nla_len(ip) == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(nla_get_u16(port));
		memcpy(&in->sin_addr, nla_data(ip), 4);
	}
}

/* Text of a string or byte attribute, terminated. */
static void read_text(char *dst, size_t size, struct nlattr *attr)
{
	size_t len;

	if (!attr)
		return;
	len = nla_len(attr);
	if (len >= size)
		len = size - 1;
	memcpy(dst, nla_data(attr), len);
	dst[len] = '\0';
}

/* Of an address, which users and peers choose as they like. */
static void read_address(char *dst, size_t size, struct nlattr *attr)
{
	if (attr)
		ctl_printable(dst, size, nla_data(attr), nla_len(attr));
}

static bool read_bytes(void *dst, size_t size, uint16_t *len,
		       struct nlattr *attr)
{
	if (!attr || (size_t)nla_len(attr) > size)
		return false;
	memcpy(dst, nla_data(attr), nla_len(attr));
	if (len)
		*len = nla_len(attr);
	return true;
}

static uint32_t read_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static uint64_t read_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static void read_counted(struct object *object, struct nlmsghdr *header)
{
	struct nlattr *in[OCKAM_A_MAX + 1], *attr;
	int left, at;

	nlmsg_for_each_attr(attr, header, GENL_HDRLEN, left) {
		if (nla_type(attr) != OCKAM_A_DROP &&
		    nla_type(attr) != OCKAM_A_OBJECT)
			continue;
		at = object->counted_len;
		if (at == 128 || nla_parse_nested(in, OCKAM_A_MAX, attr, NULL))
			continue;
		read_text(object->counted[at].name, 65, in[OCKAM_A_NAME]);
		object->counted[at].count = read_u64(in[OCKAM_A_COUNT]);
		object->counted_len++;
	}
}

static void read_names(struct object *o, struct nlattr **a)
{
	read_text(o->node, sizeof(o->node), a[OCKAM_A_NODE_NAME]);
	read_address(o->address, sizeof(o->address), a[OCKAM_A_ADDRESS]);
	read_text(o->type, sizeof(o->type), a[OCKAM_A_TYPE]);
	read_text(o->label, sizeof(o->label), a[OCKAM_A_LABEL]);
	read_text(o->host, sizeof(o->host), a[OCKAM_A_HOST]);
	read_text(o->reason, sizeof(o->reason), a[OCKAM_A_REASON]);
	read_text(o->identity_name, sizeof(o->identity_name),
		  a[OCKAM_A_IDENTITY_NAME]);
	read_text(o->hop, sizeof(o->hop), a[OCKAM_A_HOP]);
	read_address(o->remote, sizeof(o->remote), a[OCKAM_A_REMOTE]);
	read_text(o->version, sizeof(o->version), a[OCKAM_A_VERSION]);
	read_text(o->driver, sizeof(o->driver), a[OCKAM_A_DRIVER]);
	read_text(o->suite, sizeof(o->suite), a[OCKAM_A_SUITE]);
}

static void read_numbers(struct object *o, struct nlattr **a)
{
	o->index = read_u32(a[OCKAM_A_NODE_INDEX]);
	o->kind = read_u32(a[OCKAM_A_KIND]);
	o->state = read_u32(a[OCKAM_A_STATE]);
	o->role = read_u32(a[OCKAM_A_ROLE]);
	o->id = read_u32(a[OCKAM_A_ID]);
	o->tries = read_u32(a[OCKAM_A_TRIES]);
	o->error = read_u32(a[OCKAM_A_ERRNO]);
	o->event = read_u32(a[OCKAM_A_EVENT]);
	o->family = read_u32(a[OCKAM_A_FAMILY]);
	o->half_open = read_u32(a[OCKAM_A_HALF_OPEN]);
	o->queue = read_u32(a[OCKAM_A_QUEUE]);
	o->owner = read_u32(a[OCKAM_A_OWNER]);
	o->seq = read_u32(a[OCKAM_A_SEQ]);
	o->time = read_u64(a[OCKAM_A_TIME]);
	o->delivered = read_u64(a[OCKAM_A_DELIVERED]);
	o->forwarded = read_u64(a[OCKAM_A_FORWARDED]);
	o->expires = read_u64(a[OCKAM_A_EXPIRES]);
	o->created = read_u64(a[OCKAM_A_CREATED]);
	o->rx_msgs = read_u64(a[OCKAM_A_RX_MSGS]);
	o->rx_bytes = read_u64(a[OCKAM_A_RX_BYTES]);
	o->tx_msgs = read_u64(a[OCKAM_A_TX_MSGS]);
	o->tx_bytes = read_u64(a[OCKAM_A_TX_BYTES]);
	o->rekeys = read_u64(a[OCKAM_A_REKEYS]);
	o->replays = read_u64(a[OCKAM_A_REPLAYS]);
	o->linger_ms = read_u32(a[OCKAM_A_LINGER_MS]);
	o->idle_ms = read_u32(a[OCKAM_A_IDLE_MS]);
	o->out_of_window = read_u64(a[OCKAM_A_OUT_OF_WINDOW]);
	o->auth_failed = read_u64(a[OCKAM_A_AUTH_FAILED]);
	o->accepted = read_u64(a[OCKAM_A_ACCEPTED]);
	o->refused = read_u64(a[OCKAM_A_REFUSED]);
}

static int read_object(struct object *o, struct nlmsghdr *header)
{
	struct nlattr *a[OCKAM_A_MAX + 1];

	memset(o, 0, sizeof(*o));
	if (genlmsg_parse(header, 0, a, OCKAM_A_MAX, NULL))
		return -EBADMSG;
	read_names(o, a);
	read_numbers(o, a);
	read_bytes(o->route, sizeof(o->route), &o->route_len, a[OCKAM_A_ROUTE]);
	read_bytes(o->expose, sizeof(o->expose), &o->expose_len,
		   a[OCKAM_A_EXPOSE]);
	o->has_identifiers = read_bytes(o->identifiers, sizeof(o->identifiers),
					&o->identifiers_len,
					a[OCKAM_A_IDENTIFIERS]);
	o->has_identifier = read_bytes(o->identifier, 32, NULL,
				       a[OCKAM_A_IDENTIFIER]);
	o->has_peer = read_bytes(o->peer, 32, NULL, a[OCKAM_A_PEER]);
	o->has_flow = read_bytes(o->flow, 16, NULL, a[OCKAM_A_FLOW]);
	o->has_authorities = read_bytes(o->authorities, sizeof(o->authorities),
					&o->authorities_len,
					a[OCKAM_A_AUTHORITY_IDS]);
	read_bytes(o->attributes, sizeof(o->attributes), &o->attributes_len,
		   a[OCKAM_A_ATTRIBUTES]);
	o->has_issuer = read_bytes(o->issuer, 32, NULL, a[OCKAM_A_ISSUER]);
	o->require_credential = a[OCKAM_A_REQUIRE_CREDENTIAL];
	o->is_default = a[OCKAM_A_DEFAULT];
	o->project = a[OCKAM_A_PROJECT];
	o->has_queue = a[OCKAM_A_QUEUE];
	o->has_owner = a[OCKAM_A_OWNER];
	o->shared = a[OCKAM_A_SHARED];
	read_addr(&o->addr, a[OCKAM_A_IP], a[OCKAM_A_PORT]);
	read_addr(&o->local, a[OCKAM_A_LOCAL_IP], a[OCKAM_A_LOCAL_PORT]);
	read_counted(o, header);
	return 0;
}

struct call {
	int err;
	bool done;
	struct object *answer;
	int (*each)(void *arg, const struct object *object);
	void *arg;
	int stop;
};

static int on_valid(struct nl_msg *msg, void *arg)
{
	static struct object object;
	struct call *call = arg;

	if (read_object(call->answer ? call->answer : &object, nlmsg_hdr(msg)))
		return NL_SKIP;
	if (call->each && !call->stop)
		call->stop = call->each(call->arg, call->answer ? call->answer :
					&object);
	return NL_OK;
}

/* libnl does not look at the extended ack: its text follows the header. */
static void read_ext_ack(const struct nlmsgerr *error)
{
	const struct nlmsghdr *header = (const void *)((const char *)error -
						       NLMSG_HDRLEN);
	size_t skip = sizeof(*error);
	struct nlattr *text;

	kernel_says[0] = '\0';
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += error->msg.nlmsg_len - NLMSG_HDRLEN;
	if (NLMSG_HDRLEN + skip >= header->nlmsg_len)
		return;
	text = nla_find((struct nlattr *)((char *)error + skip),
			header->nlmsg_len - NLMSG_HDRLEN - skip,
			NLMSGERR_ATTR_MSG);
	read_text(kernel_says, sizeof(kernel_says), text);
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct call *call = arg;

	(void)from;
	call->err = error->error;
	call->done = true;
	read_ext_ack(error);
	return NL_STOP;
}

static int on_done(struct nl_msg *msg, void *arg)
{
	(void)msg;
	((struct call *)arg)->done = true;
	return NL_STOP;
}

/* libnl has numbers of its own. */
static int nl_errno(int err)
{
	switch (-err) {
	case NLE_MSGSIZE:
		return -EMSGSIZE;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
		return -EPERM;
	}
	return err < 0 ? -EIO : 0;
}

static int talk(struct request *request, struct call *call)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err = connect_family();

	kernel_says[0] = '\0';
	if (!err && (!cb || !request->msg))
		err = -ENOMEM;
	if (!err && request->bad) {
		strcpy(kernel_says, "that is too much for one request");
		err = -EMSGSIZE;
	}
	if (err)
		goto out;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, call);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_done, call);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_done, call);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, call);
	err = nl_errno(nl_send_auto(sock, request->msg));
	while (!err && !call->done) {
		err = nl_errno(nl_recvmsgs(sock, cb));
		if (call->done)
			err = 0;
	}
out:
	/* It may have carried a secret. */
	if (request->msg)
		explicit_bzero(nlmsg_hdr(request->msg),
			       nlmsg_hdr(request->msg)->nlmsg_len);
	nlmsg_free(request->msg);
	nl_cb_put(cb);
	return err ? err : call->err;
}

int request_send(struct request *request, struct object *answer)
{
	struct call call = { .answer = answer };

	if (!request->bad)
		nlmsg_hdr(request->msg)->nlmsg_flags |= NLM_F_ACK;
	return talk(request, &call);
}

int request_dump(struct request *request,
		 int (*each)(void *arg, const struct object *object), void *arg)
{
	struct call call = { .each = each, .arg = arg };
	int err;

	if (!request->bad)
		nlmsg_hdr(request->msg)->nlmsg_flags |= NLM_F_DUMP;
	err = talk(request, &call);
	return err ? err : call.stop;
}

/* What the user can do about it. */
static int exit_code(int err)
{
	switch (err) {
	case -EINVAL:
	case -ENAMETOOLONG:
	case -EMSGSIZE:
	case -ERANGE:
	case -EDESTADDRREQ:
		return CTL_USAGE;
	case -EKEYREJECTED:
	case -EKEYREVOKED:
	case -EBADMSG:
		return CTL_DATA;
	case -ENOENT:
	case -ENODEV:
		return CTL_NOT_FOUND;
	case -EHOSTUNREACH:
	case -ECONNREFUSED:
		return CTL_ROUTE;
	case -ENOTCONN:
	case -ENOKEY:
		return CTL_UNAVAILABLE;
	case -EEXIST:
	case -EADDRINUSE:
	case -EADDRNOTAVAIL:
	case -EBUSY:
	case -ENOSPC:
		return CTL_EXISTS;
	case -EIO:
		return CTL_IO;
	case -ESHUTDOWN:
		return CTL_TIMEOUT;
	case -EACCES:
		return CTL_PERMISSION;
	}
	return CTL_INTERNAL;
}

int genl_fail(int err, const char *what)
{
	const char *why = kernel_says[0] ? kernel_says : strerror(-err);

	if (err == -ENOPROTOOPT)
		return ctl_fail(CTL_UNAVAILABLE, "the ockam module is not loaded: run `modprobe ockam`");
	if (err == -EPERM)
		return ctl_fail(CTL_PERMISSION, "%s: no permission: CAP_NET_ADMIN is needed, run it as root or with sudo",
				what);
	return ctl_fail(exit_code(err), "%s: %s", what, why);
}

static int on_event(struct nl_msg *msg, void *arg)
{
	read_object(arg, nlmsg_hdr(msg));
	return NL_STOP;
}

int events_open(void)
{
	int err = connect_family(), group;

	if (err)
		return err;
	group = genl_ctrl_resolve_grp(sock, OCKAM_GENL_NAME,
				      OCKAM_MCGRP_EVENTS);
	event_sock = nl_socket_alloc();
	if (!event_sock)
		return -ENOMEM;
	nl_socket_disable_seq_check(event_sock);
	if (genl_connect(event_sock) || group < 0 ||
	    nl_socket_add_membership(event_sock, group))
		return -EPERM;
	nl_socket_set_buffer_size(event_sock, 1 << 20, 0);
	return 0;
}

int events_fd(void)
{
	return nl_socket_get_fd(event_sock);
}

int events_read(struct object *event)
{
	int err;

	memset(event, 0, sizeof(*event));
	nl_socket_modify_cb(event_sock, NL_CB_VALID, NL_CB_CUSTOM, on_event,
			    event);
	err = nl_recvmsgs_default(event_sock);
	/* That is what libnl makes of ENOBUFS. */
	return err == -NLE_NOMEM ? -ENOBUFS : err < 0 ? -EIO : 0;
}

bool events_wait(int ms, struct object *event)
{
	struct pollfd fd = { .fd = events_fd(), .events = POLLIN };

	memset(event, 0, sizeof(*event));
	return poll(&fd, 1, ms) > 0 && !events_read(event);
}

int object_get(const char *node, const char *address, struct object *object)
{
	struct request *request = request_new(OCKAM_CMD_ENDPOINT_GET);

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_bytes(request, OCKAM_A_ADDRESS, address, strlen(address));
	return request_send(request, object);
}

int object_delete(const char *node, const char *address, uint32_t kind)
{
	struct request *request = request_new(OCKAM_CMD_ENDPOINT_DEL);

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_bytes(request, OCKAM_A_ADDRESS, address, strlen(address));
	request_u32(request, OCKAM_A_KIND, kind);
	return request_send(request, NULL);
}

/* The peer, or we, said no: trying again would end the same. */
static bool refused(const char *reason)
{
	return !strcmp(reason, "not-authorized") ||
	       !strncmp(reason, "credential-", 11) ||
	       !strncmp(reason, "identity-", 9) ||
	       (!strncmp(reason, "handshake", 9) &&
		strcmp(reason, "handshake-timeout"));
}

/* Somebody else than those who are acceptable: both are named. */
static int wait_stranger(const struct object *object, const char *what)
{
	char is[66], wanted[66];

	ctl_identifier(is, object->peer);
	ctl_identifier(wanted, object->identifiers);
	return ctl_fail(CTL_PERMISSION, "%s: not-authorized: %s answered, not %s%s",
			what, is, wanted, object->identifiers_len > 32 ?
			" or another one of the authorized" : "");
}

/* Its last words, from the events. */
static int wait_failed(const struct object *object, const char *what,
		       const char *reason)
{
	int code = CTL_UNAVAILABLE;

	if (refused(reason))
		code = CTL_REFUSED;
	if (!strcmp(reason, "not-authorized"))
		code = CTL_PERMISSION;
	if (code == CTL_PERMISSION && object->has_peer &&
	    object->identifiers_len >= 32)
		return wait_stranger(object, what);
	if (!strcmp(reason, "handshake-timeout") || !strcmp(reason, "no-answer"))
		code = CTL_TIMEOUT;
	if (object->error)
		return ctl_fail(code, "%s: %s (%s)", what,
				strerror(object->error),
				*reason ? reason : "closed");
	return ctl_fail(code, "%s: %s", what, *reason ? reason : "closed");
}

static void take_peer(struct object *object, const struct object *from)
{
	if (!from->has_peer)
		return;
	object->has_peer = true;
	memcpy(object->peer, from->peer, sizeof(object->peer));
}

int object_watch(struct object *object, int ms, const char *what)
{
	static struct object event, now;
	char reason[65] = "";
	long end = ctl_now_ms() + ms, left;

	now = *object;
	while (now.state != OCKAM_STATE_UP) {
		left = end - ctl_now_ms();
		if (left <= 0)
			return ctl_fail(CTL_TIMEOUT, "%s: no answer after %d ms%s%s",
					what, ms, *reason ? ": " : "", reason);
		if (events_wait(left < 1000 ? left : 1000, &event) &&
		    !strcmp(event.address, object->address)) {
			object->error = event.error;
			if (*event.reason)
				memcpy(reason, event.reason, sizeof(reason));
			take_peer(object, &event);
		}
		if (object_get(object->node, object->address, &now))
			return wait_failed(object, what, reason);
		take_peer(object, &now);
		if (*now.reason)
			memcpy(reason, now.reason, sizeof(reason));
		object->error = now.error;
		if (refused(reason))
			return wait_failed(object, what, reason);
	}
	*object = now;
	return CTL_OK;
}

int object_wait(struct object *object, int ms, const char *what)
{
	int err = object_watch(object, ms, what);

	if (err)
		object_delete(object->node, object->address, object->kind);
	return err;
}

int connection_wait(struct request *request, int ms, const char *what,
		    struct object *conn)
{
	int err = request_send(request, conn);

	/* A near peer may have refused before the request was answered. */
	if (err == -ECONNREFUSED || err == -EHOSTUNREACH || err == -ENETUNREACH)
		return ctl_fail(CTL_UNAVAILABLE, "%s: %s", what,
				strerror(-err));
	return err ? genl_fail(err, what) : object_wait(conn, ms, what);
}

int node_default_name(char name[65])
{
	static struct object node;
	int err;

	err = request_send(request_new(OCKAM_CMD_NODE_GET), &node);
	if (err)
		return err;
	memcpy(name, node.node, 65);
	return 0;
}
