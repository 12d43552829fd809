/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What every command of ockamctl uses: options, errors, output. */
#ifndef OCKAMCTL_CTL_H
#define OCKAMCTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

/* Exit codes, as in sysexits.h */
enum {
	CTL_OK = 0,
	CTL_USAGE = 2,
	CTL_DATA = 65,		/* bad data: hex, JSON, key files */
	CTL_INPUT = 66,		/* input file */
	CTL_NOT_FOUND = 67,	/* a named object */
	CTL_ROUTE = 68,		/* a route cannot be resolved */
	CTL_UNAVAILABLE = 69,	/* module or peer */
	CTL_INTERNAL = 70,
	CTL_EXISTS = 73,	/* exists already, cannot be created */
	CTL_IO = 74,
	CTL_TIMEOUT = 75,
	CTL_REFUSED = 76,	/* handshake or protocol */
	CTL_PERMISSION = 77,
};

#define CTL_MAX_VALUES	16

/* A repeatable option's values. */
struct ctl_values {
	const char *value[CTL_MAX_VALUES];
	int count;
};

/* Options of all commands; each command says which it takes. */
struct ctl_args {
	const char *pos[4];	/* arguments without a name */
	int pos_count;
	const char *from, *to, *at, *name, *identity, *project, *output;
	const char *tcp_listener_address, *file, *type, *address, *timeout;
	const char *allow_group;
	struct ctl_values authorized, expose;
	bool host, hex, full, yes, all, shared, encoding_hex;
	bool no_default_services;
};

struct ctl_command {
	const char *name;
	int (*run)(struct ctl_args *args);
	const struct ctl_command *sub;
	const char *usage;	/* arguments and options */
	const char *help;	/* one line */
	const char *example;
};

extern const struct ctl_command identity_commands[];
extern const struct ctl_command node_commands[];
extern const struct ctl_command project_commands[];
extern const struct ctl_command tcp_listener_commands[];
extern const struct ctl_command tcp_connection_commands[];
extern const struct ctl_command listener_commands[];
extern const struct ctl_command channel_commands[];
extern const struct ctl_command relay_commands[];
extern const struct ctl_command service_commands[];
extern const struct ctl_command message_commands[];
extern const struct ctl_command module_commands[];
int overview(struct ctl_args *args);

/* Prints "error: ..." and returns @code. */
int ctl_fail(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Progress and hints: to stderr. */
void ctl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The one value of a create or delete command. */
int ctl_value(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Lists and objects: JSON into a pipe or when asked for, text on a terminal. */
int ctl_print(struct ctl_args *args, json_t *json);
int ctl_timeout_ms(const struct ctl_args *args);

void ctl_hex(char *dst, const void *data, size_t len);
int ctl_unhex(void *dst, size_t size, const char *text);
/* "I" and 64 hex digits */
void ctl_identifier(char dst[66], const unsigned char id[32]);
int ctl_parse_identifier(unsigned char id[32], const char *text);

#endif /* OCKAMCTL_CTL_H */
