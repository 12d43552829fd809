// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl: finds the command, parses its arguments, runs it. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "batch.h"
#include "ctl.h"

const struct ctl_command commands[] = {
	{ "identity", NULL, identity_commands, NULL,
	  "identities, whose keys stay in the vault", NULL },
	{ "credential", NULL, credential_commands, NULL,
	  "what an authority says of an identity", NULL },
	{ "vault", NULL, vault_commands, NULL, "where identities live", NULL },
	{ "node", NULL, node_commands, NULL, "nodes of this namespace", NULL },
	{ "project", NULL, project_commands, NULL,
	  "named remote nodes with a pinned identity", NULL },
	{ "tcp-listener", NULL, tcp_listener_commands, NULL,
	  "addresses where a node accepts TCP", NULL },
	{ "tcp-connection", NULL, tcp_connection_commands, NULL,
	  "TCP connections of a node", NULL },
	{ "secure-channel-listener", NULL, listener_commands, NULL,
	  "addresses where a node accepts secure channels", NULL },
	{ "secure-channel", NULL, channel_commands, NULL,
	  "end-to-end encrypted channels", NULL },
	{ "relay", NULL, relay_commands, NULL,
	  "make a node reachable through another one", NULL },
	{ "forwarder", NULL, relay_commands, NULL, "old name of relay", NULL },
	{ "service", NULL, service_commands, NULL, "services of a node", NULL },
	{ "worker", NULL, worker_commands, NULL,
	  "all that has an address on a node", NULL },
	{ "flow-control", NULL, flow_control_commands, NULL,
	  "what a flow of messages may reach", NULL },
	{ "message", NULL, message_commands, NULL, "send a message", NULL },
	{ "show", overview, NULL, "[--output json]",
	  "overview of this namespace", "ockamctl show" },
	{ "stats", stats, NULL, "[NODE] [--output json]",
	  "count messages, and those dropped by their reason",
	  "ockamctl stats n1" },
	{ "monitor", monitor, NULL,
	  "[all|node|service|tcp|channel|relay|link]... [--count N] [--timeout SECONDS] [--output json]",
	  "print what happens, one line for each event",
	  "ockamctl monitor channel relay" },
	{ "resolve", resolve, NULL, "[--output json]",
	  "look up again the host names of links that are down",
	  "ockamctl resolve" },
	{ "module", NULL, module_commands, NULL, "the kernel module", NULL },
	{ "manpages", manpages, NULL, "[--output json]",
	  "print options and commands as a part of the manual page",
	  "ockamctl manpages" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

/* A ROUTE may have a "-" in it. */
enum kind { TEXT, ROUTE, FLAG, MANY };

/* Names with the same offset mean the same. */
static const struct option {
	const char *name;
	enum kind kind;
	size_t offset;
	bool global;	/* for all commands; also in front of them */
} options[] = {
	{ "--output", TEXT, offsetof(struct ctl_args, output), true },
	{ "-j", FLAG, offsetof(struct ctl_args, json), true },
	{ "-p", FLAG, offsetof(struct ctl_args, pretty), true },
	{ "--compact-output", FLAG, offsetof(struct ctl_args, compact), true },
	{ "--jq", TEXT, offsetof(struct ctl_args, jq), true },
	{ "--batch", TEXT, offsetof(struct ctl_args, batch), true },
	{ "--oneline", FLAG, offsetof(struct ctl_args, oneline), true },
	{ "-o", FLAG, offsetof(struct ctl_args, oneline), true },
	{ "--quiet", FLAG, offsetof(struct ctl_args, quiet), true },
	{ "-q", FLAG, offsetof(struct ctl_args, quiet), true },
	{ "--no-input", FLAG, offsetof(struct ctl_args, no_input), true },
	{ "--no-color", FLAG, offsetof(struct ctl_args, no_color), true },
	{ "--yes", FLAG, offsetof(struct ctl_args, yes), true },
	{ "-y", FLAG, offsetof(struct ctl_args, yes), true },
	{ "--netns", TEXT, offsetof(struct ctl_args, netns), true },
	{ "--timeout", TEXT, offsetof(struct ctl_args, timeout), true },
	{ "--from", ROUTE, offsetof(struct ctl_args, from), false },
	{ "--to", ROUTE, offsetof(struct ctl_args, to), false },
	{ "--at", ROUTE, offsetof(struct ctl_args, at), false },
	{ "--identity", TEXT, offsetof(struct ctl_args, identity), false },
	{ "--identifier", TEXT, offsetof(struct ctl_args, identifier), false },
	{ "--relay-address", TEXT, offsetof(struct ctl_args, relay_address), false },
	{ "--no-connection-wait", FLAG,
	  offsetof(struct ctl_args, no_connection_wait), false },
	{ "--project", TEXT, offsetof(struct ctl_args, project), false },
	{ "--project-file", TEXT, offsetof(struct ctl_args, file), false },
	{ "--tcp-listener-address", TEXT,
	  offsetof(struct ctl_args, tcp_listener_address), false },
	{ "--type", TEXT, offsetof(struct ctl_args, type), false },
	{ "--addr", TEXT, offsetof(struct ctl_args, address), false },
	{ "--allow-group", TEXT, offsetof(struct ctl_args, allow_group), false },
	{ "--authorized", MANY, offsetof(struct ctl_args, authorized), false },
	{ "-a", MANY, offsetof(struct ctl_args, authorized), false },
	{ "--expose", MANY, offsetof(struct ctl_args, expose), false },
	{ "--count", TEXT, offsetof(struct ctl_args, count), false },
	{ "-c", TEXT, offsetof(struct ctl_args, count), false },
	{ "-n", TEXT, offsetof(struct ctl_args, count), false },
	{ "--length", TEXT, offsetof(struct ctl_args, length), false },
	{ "-l", TEXT, offsetof(struct ctl_args, length), false },
	{ "--source", TEXT, offsetof(struct ctl_args, source), false },
	{ "--linger", TEXT, offsetof(struct ctl_args, linger), false },
	{ "--idle", TEXT, offsetof(struct ctl_args, idle), false },
	{ "--device", TEXT, offsetof(struct ctl_args, device), false },
	{ "--family", TEXT, offsetof(struct ctl_args, family), false },
	{ "--as", TEXT, offsetof(struct ctl_args, as), false },
	{ "--for", TEXT, offsetof(struct ctl_args, subject), false },
	{ "--attribute", MANY, offsetof(struct ctl_args, attribute), false },
	{ "--ttl", TEXT, offsetof(struct ctl_args, ttl), false },
	{ "--issuer", TEXT, offsetof(struct ctl_args, issuer), false },
	{ "--authority", MANY, offsetof(struct ctl_args, authority), false },
	{ "--require-credential", FLAG,
	  offsetof(struct ctl_args, require_credential), false },
	{ "--strict", FLAG, offsetof(struct ctl_args, strict), false },
	{ "--host", FLAG, offsetof(struct ctl_args, host), false },
	{ "--vault", TEXT, offsetof(struct ctl_args, vault), false },
	{ "--key-type", TEXT, offsetof(struct ctl_args, key_type), false },
	{ "--encoding", TEXT, offsetof(struct ctl_args, encoding), false },
	{ "--private", TEXT, offsetof(struct ctl_args, private), false },
	{ "--revoke-all-purpose-keys", FLAG,
	  offsetof(struct ctl_args, revoke), false },
	{ "--hex", FLAG, offsetof(struct ctl_args, hex), false },
	{ "--full", FLAG, offsetof(struct ctl_args, full), false },
	{ "--shared", FLAG, offsetof(struct ctl_args, shared), false },
	{ "--all", FLAG, offsetof(struct ctl_args, all), false },
	{ "--no-default-services", FLAG,
	  offsetof(struct ctl_args, no_default_services), false },
};

/* A command by its name, or by a beginning that no other one has. */
static const struct ctl_command *find(const struct ctl_command *list,
				      const char *name)
{
	const struct ctl_command *found = NULL;

	for (; list->name; list++) {
		if (!strcmp(list->name, name))
			return list;
		if (strncmp(list->name, name, strlen(name)))
			continue;
		if (found)
			return NULL;
		found = list;
	}
	return found;
}

#define OPTIONS	(sizeof(options) / sizeof(options[0]))

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (!strcmp(options[i].name, name))
			return &options[i];
	return NULL;
}

/* Is NAME a word of the usage line? */
static bool in_usage(const char *usage, const char *name)
{
	const char *at = usage;

	while ((at = strstr(at, name))) {
		at += strlen(name);
		if (*at != '-' && !isalnum((unsigned char)*at))
			return true;
	}
	return false;
}

static bool takes(const struct ctl_command *command,
		  const struct option *option)
{
	if (option->global)
		return true;
	for (size_t i = 0; command && i < OPTIONS; i++)
		if (options[i].offset == option->offset &&
		    in_usage(command->usage, options[i].name))
			return true;
	return false;
}

static int set_option(struct ctl_args *args, const struct option *option,
		      const char *value)
{
	void *field = (char *)args + option->offset;
	struct ctl_values *values = field;

	switch (option->kind) {
	case FLAG:
		*(bool *)field = true;
		break;
	case TEXT:
	case ROUTE:
		*(const char **)field = value;
		break;
	case MANY:
		if (values->count == CTL_MAX_VALUES)
			return ctl_fail(CTL_USAGE, "%s is given too often",
					option->name);
		values->value[values->count++] = value;
		break;
	}
	return 0;
}

/* What is being read: words lead to a command, the rest are its arguments. */
struct line {
	struct ctl_args args;
	char path[128];			/* the command so far */
	const struct ctl_command *list;	/* what may come next, or NULL */
	const struct ctl_command *command;
	bool help, version;
};

static int read_option(struct line *line, const char *name, const char *value)
{
	const struct option *option = find_option(name);
	const struct ctl_command *command = line->list ? NULL : line->command;
	int err;

	if (!option || !takes(command, option))
		return ctl_fail(CTL_USAGE, "unknown option %s: %s --help", name,
				line->path);
	if (option->kind == FLAG)
		return set_option(&line->args, option, NULL);
	if (!value)
		return ctl_fail(CTL_USAGE, "%s wants a value: %s --help", name,
				line->path);
	err = option->kind == ROUTE ? placeholder_fill(&value) : 0;
	return err ? err : set_option(&line->args, option, value);
}

static int read_word(struct line *line, const char *word)
{
	struct ctl_args *args = &line->args;
	size_t used = strlen(line->path);

	if (!line->list) {
		if (args->pos_count == CTL_MAX_POS)
			return ctl_fail(CTL_USAGE, "too many arguments: %s --help",
					line->path);
		args->pos[args->pos_count++] = word;
		return 0;
	}
	line->command = find(line->list, word);
	if (!line->command)
		return ctl_fail(CTL_USAGE, "unknown command '%s': %s --help",
				word, line->path);
	line->list = line->command->sub;
	snprintf(line->path + used, sizeof(line->path) - used, " %s",
		 line->command->name);
	return 0;
}

static int parse(struct line *line, int argc, char **argv)
{
	const struct option *option;
	int err = 0;

	for (int i = 1; !err && i < argc; i++) {
		const char *word = argv[i];

		if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
			line->help = true;
			return 0;
		}
		if (!strcmp(word, "--version")) {
			line->version = true;
			return 0;
		}
		if (word[0] != '-' || !word[1] || word[1] == '/') {
			err = read_word(line, word);
			continue;
		}
		option = find_option(word);
		err = read_option(line, word, argv[i + 1]);
		if (option && option->kind != FLAG)
			i++;
	}
	return err;
}

static int help(const struct line *line)
{
	if (line->list)
		help_commands(stdout, line->path, line->list);
	else
		help_command(line->path, line->command);
	return ctl_flush();
}

static int run_one(int argc, char **argv);

/* Each line of a file: its options are its own, but for the namespace. */
static int run_batch(const struct line *line)
{
	static bool running;

	if (running)
		return ctl_fail(CTL_USAGE, "a batch within a batch");
	if (line->command)
		return ctl_fail(CTL_USAGE, "--batch FILE stands instead of a command: ockamctl --help");
	running = true;
	return batch_run(line->args.batch, run_one);
}

/* One command, as from the shell. */
static int run_one(int argc, char **argv)
{
	struct line line = { .path = "ockamctl", .list = commands };
	int err;

	err = parse(&line, argc, argv);
	if (!err && line.help)
		return help(&line);
	if (!err && line.version)
		return ctl_value("ockamctl 0.1");
	if (!err)
		err = ctl_output(&line.args);
	if (!err && line.args.netns)
		err = netns_enter(line.args.netns);
	if (err)
		return err;
	if (line.args.batch)
		return run_batch(&line);
	if (!line.command)
		return overview(&line.args);
	if (line.list) {
		help_commands(stderr, line.path, line.list);
		return CTL_USAGE;
	}
	return line.command->run(&line.args);
}

int main(int argc, char **argv)
{
	return run_one(argc, argv);
}
