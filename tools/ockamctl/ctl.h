/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What every command of ockamctl uses: options, errors, output. */
#ifndef OCKAMCTL_CTL_H
#define OCKAMCTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
#define CTL_MAX_POS	8

/* A repeatable option's values. */
struct ctl_values {
	const char *value[CTL_MAX_VALUES];
	int count;
};

/* Options of all commands; each command says which it takes. */
struct ctl_args {
	const char *pos[CTL_MAX_POS];	/* arguments without a name */
	int pos_count;
	const char *from, *to, *at, *name, *identity, *project, *output;
	const char *tcp_listener_address, *file, *type, *address, *timeout;
	const char *allow_group, *netns, *count, *family, *length, *source, *device;
	const char *linger, *idle, *jq, *batch;
	const char *vault, *key_type, *encoding, *private;
	const char *as, *subject, *ttl, *issuer;
	const char *identifier, *relay_address;
	struct ctl_values authorized, expose, authority, attribute;
	bool require_credential, strict;
	bool host, hex, full, yes, all, shared, revoke;
	bool no_default_services, no_connection_wait;
	bool json, pretty, compact, oneline, quiet, no_input, no_color;
};

/* A command that says [--output json] has a schema in schemas/. */
struct ctl_command {
	const char *name;
	int (*run)(struct ctl_args *args);
	const struct ctl_command *sub;
	const char *usage;	/* arguments and options */
	const char *help;	/* one line */
	const char *example;
};

extern const struct ctl_command commands[];	/* all of them */
extern const struct ctl_command identity_commands[];
extern const struct ctl_command credential_commands[];
extern const struct ctl_command vault_commands[];
extern const struct ctl_command node_commands[];
extern const struct ctl_command project_commands[];
extern const struct ctl_command tcp_listener_commands[];
extern const struct ctl_command tcp_connection_commands[];
extern const struct ctl_command listener_commands[];
extern const struct ctl_command channel_commands[];
extern const struct ctl_command relay_commands[];
extern const struct ctl_command service_commands[];
extern const struct ctl_command message_commands[];
extern const struct ctl_command worker_commands[];
extern const struct ctl_command flow_control_commands[];
extern const struct ctl_command module_commands[];
int overview(struct ctl_args *args);
int stats(struct ctl_args *args);
int resolve(struct ctl_args *args);
int monitor(struct ctl_args *args);
int manpages(struct ctl_args *args);

/* What the options say about output; once, before anything is printed. */
int ctl_output(const struct ctl_args *args);
/* Was JSON asked for? */
bool ctl_wants_json(void);
/* Will a list be printed as text? */
bool ctl_is_text(void);
/* Prints "error: ..." and returns @code. */
int ctl_fail(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Progress and hints: to stderr, unless --quiet. */
void ctl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/*
 * The result of a command that makes or changes something: one bare value, into
 * a pipe, too; @json, which is taken, only when it was asked for.
 */
int ctl_result(json_t *json, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* After something was printed by hand: was it written? */
int ctl_flush(void);
/* The bare value alone. */
int ctl_value(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Lists and objects: JSON into a pipe or when asked for, text on a terminal. */
int ctl_print(json_t *json);
/* A list whose text is a table of some of its keys, the last one NULL. */
int ctl_print_table(json_t *json, const char *const *columns);
/* One JSON object on one line. */
int ctl_print_line(json_t *json);
/* May it be deleted? Asks on a terminal, unless there is --yes. */
bool ctl_confirm(const struct ctl_args *args, const char *what);
/* --timeout, or ten seconds; minus an exit code after a message. */
int ctl_timeout_ms(const struct ctl_args *args);
/*
 * A time, in milliseconds: "30", "30s" or "500ms", from @min ms to @max seconds.
 * Minus an exit code after a message.
 */
int ctl_time_ms(const char *text, const char *what, int min, int max);
/* A whole number of at least @min. 0, or CTL_USAGE after a message. */
int ctl_number(long *out, const char *text, const char *what, long min);
/*
 * Wait for "events" or the like: call @each whenever @fd has something, until a
 * signal, the last of --count or the --timeout. It returns whether that counts,
 * or minus an exit code.
 */
int ctl_loop(const struct ctl_args *args, int fd, const char *what,
	     int (*each)(void *arg), void *arg);
/* Of a clock that only goes forward. */
long ctl_now_us(void);
long ctl_now_ms(void);
/* Of seconds since 1970: as 2026-11-28T17:00:00Z. */
void ctl_date(char dst[21], uint64_t seconds);

/*
 * What others chose, as UTF-8 that does nothing to a terminal: \xNN for each
 * other byte. The length; at most @size - 1.
 */
size_t ctl_printable(char *dst, size_t size, const void *bytes, size_t len);
/* To standard output, as ctl_printable() makes it. */
void ctl_put(const char *text);
void ctl_hex(char *dst, const void *data, size_t len);
int ctl_unhex(void *dst, size_t size, const char *text);
/* "I" and 64 hex digits */
void ctl_identifier(char dst[66], const unsigned char id[32]);
int ctl_parse_identifier(unsigned char id[32], const char *text);
/* Of a repeated option: up to CTL_MAX_VALUES of 32 bytes; *len all of them. */
int ctl_parse_identifiers(unsigned char *ids, size_t *len,
			  const struct ctl_values *values);

/* help.c */
void help_commands(FILE *to, const char *path, const struct ctl_command *list);
void help_command(const char *path, const struct ctl_command *command);
/* placeholder.c: standard input in the place of a "-" that stands in a route */
int placeholder_fill(const char **arg);
/* netns.c: go to a namespace of `ip netns` */
int netns_enter(const char *name);

#endif /* OCKAMCTL_CTL_H */
