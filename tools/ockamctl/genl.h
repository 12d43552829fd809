/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Talking to the module: requests, objects, events. */
#ifndef OCKAMCTL_GENL_H
#define OCKAMCTL_GENL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <linux/ockam_genl.h>

#define GENL_ROUTE_MAX	8224
#define ADDRESS_TEXT	(4 * 255 + 4)	/* ctl_printable() of an address */

/* One answer or event, whatever it is about. */
struct object {
	char node[65];
	uint32_t index, kind, state, role, id, tries, error, event, family;
	uint32_t half_open, queue, owner, seq;
	char address[ADDRESS_TEXT], remote[ADDRESS_TEXT];
	char type[33], label[65], reason[65], identity_name[65];
	char hop[256], version[32], driver[64];
	uint8_t route[GENL_ROUTE_MAX], identifiers[8192], expose[GENL_ROUTE_MAX];
	uint16_t route_len, identifiers_len, expose_len;
	uint8_t identifier[32], peer[32], flow[16];
	bool has_identifier, has_peer, has_flow, has_identifiers;
	bool is_default, project, shared, has_queue, has_owner;
	struct sockaddr_storage addr, local;
	uint64_t created, rx_msgs, rx_bytes, tx_msgs, tx_bytes, rekeys, replays;
	uint64_t auth_failed, accepted, refused, delivered, forwarded, time;
	uint64_t expires;
	struct {
		char name[65];
		uint64_t count;
	} counted[64];
	int counted_len;
};

struct request;

struct request *request_new(int command);
void request_text(struct request *request, int attr, const char *text);
void request_bytes(struct request *request, int attr, const void *data,
		   size_t len);
void request_u32(struct request *request, int attr, uint32_t value);
void request_flag(struct request *request, int attr);
void request_addr(struct request *request, const struct sockaddr_storage *addr);
/*
 * Send and free. 0 or -errno. @answer may be NULL. Nothing is printed:
 * genl_fail() does.
 */
int request_send(struct request *request, struct object *answer);
/* Calls @each for every answer; a non-zero result ends the walk. */
int request_dump(struct request *request,
		 int (*each)(void *arg, const struct object *object), void *arg);
/* The exit code for what went wrong last; prints one line about @what. */
int genl_fail(int err, const char *what);

/* Join the events; then wait for one. False when the time is over. */
int events_open(void);
bool events_wait(int ms, struct object *event);
/* For a loop of one's own: what to poll; then 0, -ENOBUFS events are lost. */
int events_fd(void);
int events_read(struct object *event);

/* The object at an address; -ENOENT when it is gone. */
int object_get(const char *node, const char *address, struct object *object);
int object_delete(const char *node, const char *address, uint32_t kind);
/*
 * Wait until it is up. CTL_OK, or an exit code after one line on stderr.
 * object_wait() is for what this command made: a failure deletes it.
 */
int object_watch(struct object *object, int ms, const char *what);
int object_wait(struct object *object, int ms, const char *what);
/* Send a request for a TCP connection, and wait as object_wait() does. */
int connection_wait(struct request *request, int ms, const char *what,
		    struct object *conn);
int node_default_name(char name[65]);

#endif /* OCKAMCTL_GENL_H */
