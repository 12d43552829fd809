// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl resolve: host names of links, looked up again. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "route.h"

/* The kernel has no resolver: it keeps the name and goes on with the address. */
struct lost {
	char node[65], address[ADDRESS_TEXT], host[256], port[6];
	struct sockaddr_storage addr;
};

#define LOST_MAX	256

static struct lost lost[LOST_MAX];

static int add_lost(void *arg, const struct object *link)
{
	int *count = arg;
	struct lost *one = &lost[*count];
	char text[80];

	if (!*link->host || link->state == OCKAM_STATE_UP)
		return 0;
	if (*count == LOST_MAX)
		return 1;
	addr_text(text, sizeof(text), &link->addr);
	memcpy(one->node, link->node, sizeof(one->node));
	memcpy(one->address, link->address, sizeof(one->address));
	memcpy(one->host, link->host, sizeof(one->host));
	snprintf(one->port, sizeof(one->port), "%.5s", strrchr(text, ':') + 1);
	one->addr = link->addr;
	(*count)++;
	return 0;
}

/* Does the name still stand for the address? */
static bool still_there(const struct lost *one)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *each;
	bool found = false;

	if (getaddrinfo(one->host, one->port, &hints, &list))
		return false;
	for (each = list; each && !found; each = each->ai_next)
		found = !memcmp(each->ai_addr, &one->addr, each->ai_addrlen);
	freeaddrinfo(list);
	return found;
}

/* 1 when the link has another address now, 0 when not, or minus a code. */
static int move(const struct lost *one, json_t *all)
{
	struct sockaddr_storage addr;
	struct request *request;
	char text[80];
	int err;

	if (still_there(one))
		return 0;
	err = addr_resolve(&addr, one->host, one->port);
	if (err)
		return -err;
	request = request_new(OCKAM_CMD_LINK_SET);
	request_text(request, OCKAM_A_NODE_NAME, one->node);
	request_bytes(request, OCKAM_A_ADDRESS, one->address,
		      strlen(one->address));
	request_addr(request, &addr);
	err = request_send(request, NULL);
	/* It may have gone meanwhile. */
	if (err)
		return err == -ENOENT ? 0 : -genl_fail(err, one->host);
	addr_text(text, sizeof(text), &addr);
	json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "node",
					     one->node, "host", one->host,
					     "address", text));
	return 1;
}

int resolve(struct ctl_args *args)
{
	struct request *request = request_new(OCKAM_CMD_ENDPOINT_GET);
	static const char *const columns[] = { "node", "host", "address", NULL };
	json_t *all = json_array();
	int count = 0, err, code = CTL_OK;

	(void)args;
	request_u32(request, OCKAM_A_KIND, OCKAM_ENDPOINT_LINK);
	err = request_dump(request, add_lost, &count);
	if (err < 0)
		return genl_fail(err, "cannot list links");
	for (int i = 0; i < count; i++) {
		err = move(&lost[i], all);
		if (err < 0)
			code = -err;
	}
	err = ctl_print_table(all, columns);
	return code ? code : err;
}
