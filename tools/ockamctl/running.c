// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Identities of nodes that run. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "ctl.h"
#include "genl.h"
#include "home.h"
#include "keys.h"

static int give(const char *node, const struct identity *identity)
{
	struct request *request = request_new(OCKAM_CMD_NODE_SET);

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_text(request, OCKAM_A_IDENTITY_NAME, identity->name);
	request_bytes(request, OCKAM_A_HISTORY, identity->history,
		      identity->history_len);
	request_bytes(request, OCKAM_A_ATTESTATION, identity->attestation,
		      identity->attestation_len);
	request_bytes(request, OCKAM_A_SECRET, identity->secret,
		      sizeof(identity->secret));
	return request_send(request, NULL);
}

int identity_install(const char *node, struct identity *identity)
{
	int err = give(node, identity);

	explicit_bzero(identity->secret, sizeof(identity->secret));
	return err ? genl_fail(err, "cannot give the node its identity") : 0;
}

struct search {
	const uint8_t *id;
	json_t *nodes;
};

static int take_node(void *arg, const struct object *node)
{
	struct search *search = arg;

	if (node->has_identifier && !memcmp(node->identifier, search->id, 32))
		json_array_append_new(search->nodes, json_string(node->node));
	return 0;
}

int identity_nodes(const uint8_t id[32], json_t **nodes)
{
	struct search search = { id, json_array() };
	int err;

	*nodes = search.nodes;
	err = request_dump(request_new(OCKAM_CMD_NODE_GET), take_node, &search);
	if (err == -EPERM)
		ctl_note("nodes are not looked at: that needs CAP_NET_ADMIN");
	/* No module, no node. */
	return !err || err == -EPERM || err == -ENOPROTOOPT ? 0 :
	       genl_fail(err, "cannot list nodes");
}

int identity_install_all(struct identity *identity, json_t **nodes)
{
	const char *node;
	json_t *name;
	size_t i;
	int err, failed;

	err = identity_nodes(identity->id, nodes);
	json_array_foreach(*nodes, i, name) {
		node = json_string_value(name);
		failed = give(node, identity);
		/* It may have been deleted meanwhile. */
		if (failed && failed != -ENOENT)
			err = genl_fail(failed, node);
	}
	explicit_bzero(identity->secret, sizeof(identity->secret));
	return err;
}

/* The node's attestation ends soon: a better one, if its keys are here. */
static void renew(const struct object *node)
{
	static struct identity identity;
	char when[21];

	ctl_date(when, node->expires);
	if (identity_peek(node->identity_name, &identity, true) ||
	    !identity.vault[0] || memcmp(identity.id, node->identifier, 32)) {
		ctl_note("the identity of node %s ends on %s: run `ockamctl identity renew` with the OCKAM_HOME that has '%s'",
			 node->node, when, node->identity_name);
		return;
	}
	if (!identity_load(node->identity_name, &identity)) {
		if (identity.expires == node->expires)
			ctl_note("the key of identity '%s' ends on %s: ockamctl identity rotate %s",
				 identity.name, when, identity.name);
		else
			identity_install(node->node, &identity);
	}
	explicit_bzero(identity.secret, sizeof(identity.secret));
	home_unlock();
}

void identity_keep(const char *name)
{
	static struct object node;
	struct request *request = request_new(OCKAM_CMD_NODE_GET);

	request_text(request, OCKAM_A_NODE_NAME, name);
	if (!request_send(request, &node) && node.has_identifier &&
	    node.expires < (uint64_t)time(NULL) + KEYS_RENEW_BEFORE)
		renew(&node);
}
