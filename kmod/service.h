/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Built-in services: echo, uppercase, hop. */
#ifndef OCKAM_SERVICE_H
#define OCKAM_SERVICE_H

#include "endpoint.h"

enum ockam_service_type {
	OCKAM_SERVICE_ECHO,
	OCKAM_SERVICE_UPPERCASE,
	OCKAM_SERVICE_HOP,
};

/**
 * struct ockam_service - a worker without state
 * @ep:       address and ops
 * @type:     what it does
 * @messages: messages answered
 */
struct ockam_service {
	struct ockam_endpoint ep;
	enum ockam_service_type type;
	atomic64_t messages;
};

const char *ockam_service_type_name(enum ockam_service_type type);
int ockam_service_type(const char *name);
/* @name NULL: the type's own name. Under nl_mutex. -EADDRINUSE... */
int ockam_service_start(struct ockam_node *node, enum ockam_service_type type,
			const u8 *name, size_t name_len,
			const struct ockam_owner *owner);
static inline struct ockam_service *ockam_service(struct ockam_endpoint *ep)
{
	return container_of(ep, struct ockam_service, ep);
}

#endif /* OCKAM_SERVICE_H */
