/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What list, show and delete have in common for all kinds of objects. */
#ifndef OCKAMCTL_OBJECT_H
#define OCKAMCTL_OBJECT_H

#include "ctl.h"
#include "genl.h"

typedef json_t *(*object_to_json)(const struct object *object);

/* All objects of a kind, on one node or (NULL) on all. */
int object_list(struct ctl_args *args, uint32_t kind, object_to_json to_json);
/* The same, without printing; 0 or an exit code. */
int object_collect(struct ctl_args *args, uint32_t kind,
		   object_to_json to_json, json_t **out);
#define OBJECT_ANY_KIND	UINT32_MAX
/* One by its address or label. */
int object_show(struct ctl_args *args, uint32_t kind, object_to_json to_json);
/* Prints PREFIX and the address when it is gone. */
int object_remove(struct ctl_args *args, uint32_t kind, const char *prefix);
/* The one that a command's argument names, on the node of --at or any. */
int object_arg(struct ctl_args *args, uint32_t kind, struct object *out);
/*
 * Find by address, "/service/ADDRESS", "/node/NODE/service/ADDRESS", label or
 * socket address; @node NULL: on the one node that has it.
 */
int object_find(const char *node, uint32_t kind, const char *name,
		struct object *out);
/* Several nodes have NAME: an exit code, after a message. */
int object_ambiguous(const char *name);
/* What it is, in a word; NULL for an unknown number. */
const char *object_kind(uint32_t kind);
const char *object_state(const struct object *object);
/* Identifiers, 32 bytes each; null when there is no list. */
json_t *object_ids(bool there, const unsigned char *ids, size_t len);
json_t *object_identifiers(const struct object *object);
json_t *object_identifier(bool there, const unsigned char id[32]);
/* null for an empty one */
json_t *object_text(const char *text);
json_t *object_flow(const struct object *object);

#endif /* OCKAMCTL_OBJECT_H */
