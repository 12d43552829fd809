// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl: finds the command, parses its arguments, runs it. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"

static const struct ctl_command commands[] = {
	{ "identity", NULL, identity_commands, NULL,
	  "identities, whose keys stay in the vault", NULL },
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
	{ "message", NULL, message_commands, NULL, "send a message", NULL },
	{ "show", overview, NULL, "", "overview of this namespace",
	  "ockamctl show" },
	{ "module", NULL, module_commands, NULL, "the kernel module", NULL },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

enum kind { TEXT, FLAG, MANY };

static const struct option {
	const char *name;
	enum kind kind;
	size_t offset;
} options[] = {
	{ "--from", TEXT, offsetof(struct ctl_args, from) },
	{ "--to", TEXT, offsetof(struct ctl_args, to) },
	{ "--at", TEXT, offsetof(struct ctl_args, at) },
	{ "--identity", TEXT, offsetof(struct ctl_args, identity) },
	{ "--project", TEXT, offsetof(struct ctl_args, project) },
	{ "--project-file", TEXT, offsetof(struct ctl_args, file) },
	{ "--tcp-listener-address", TEXT,
	  offsetof(struct ctl_args, tcp_listener_address) },
	{ "--output", TEXT, offsetof(struct ctl_args, output) },
	{ "--type", TEXT, offsetof(struct ctl_args, type) },
	{ "--addr", TEXT, offsetof(struct ctl_args, address) },
	{ "--timeout", TEXT, offsetof(struct ctl_args, timeout) },
	{ "--allow-group", TEXT, offsetof(struct ctl_args, allow_group) },
	{ "--authorized", MANY, offsetof(struct ctl_args, authorized) },
	{ "-a", MANY, offsetof(struct ctl_args, authorized) },
	{ "--expose", MANY, offsetof(struct ctl_args, expose) },
	{ "--host", FLAG, offsetof(struct ctl_args, host) },
	{ "--hex", FLAG, offsetof(struct ctl_args, hex) },
	{ "--full", FLAG, offsetof(struct ctl_args, full) },
	{ "--shared", FLAG, offsetof(struct ctl_args, shared) },
	{ "--all", FLAG, offsetof(struct ctl_args, all) },
	{ "--no-default-services", FLAG,
	  offsetof(struct ctl_args, no_default_services) },
	{ "--yes", FLAG, offsetof(struct ctl_args, yes) },
	{ "-y", FLAG, offsetof(struct ctl_args, yes) },
};

static void print_commands(const char *path, const struct ctl_command *list)
{
	printf("usage: %s COMMAND\n\n", path);
	for (; list->name; list++)
		printf("  %-24s %s\n", list->name, list->help);
	printf("\n%s COMMAND --help says more.\n", path);
}

static int print_help(const char *path, const struct ctl_command *command)
{
	if (command->sub) {
		print_commands(path, command->sub);
		return CTL_OK;
	}
	printf("usage: %s%s%s\n\n%s.\n", path, *command->usage ? " " : "",
	       command->usage, command->help);
	if (command->example)
		printf("\nexample: %s\n", command->example);
	return CTL_OK;
}

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

/* The first line of standard input, as /a/b. */
static char *read_placeholder(void)
{
	static char line[4096];
	char *start = line, *end;

	if (!fgets(line, sizeof(line), stdin))
		return NULL;
	end = line + strlen(line);
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*start) || *start == '/')
		start++;
	while (end > start && end[-1] == '/')
		*--end = '\0';
	return *start ? start : NULL;
}

/* Put standard input in the place of a "-" that is a part of a route. */
static int fill_placeholder(char **arg)
{
	char *mark = strstr(*arg, "/-"), *line, *full;
	size_t before;

	if (!mark && strncmp(*arg, "-/", 2))
		return 0;
	if (mark && mark[2] && mark[2] != '/')
		return 0;
	line = read_placeholder();
	if (!line)
		return ctl_fail(CTL_DATA, "standard input is empty: pipe an address such as /service/NAME into -");
	before = mark ? (size_t)(mark - *arg) : 0;
	full = malloc(strlen(*arg) + strlen(line) + 2);
	if (!full)
		return ctl_fail(CTL_INTERNAL, "out of memory");
	sprintf(full, "%.*s/%s%s", (int)before, *arg, line,
		*arg + before + (mark ? 2 : 1));
	*arg = full;
	return 0;
}

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i].name, name))
			return &options[i];
	return NULL;
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

/* Is the option in the command's usage line? */
static bool takes(const struct ctl_command *command, const char *name)
{
	static const char *const always[] = { "--output", "--timeout", "-y",
					      "--yes", "-a" };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!strcmp(always[i], name))
			return true;
	return strstr(command->usage, name);
}

static int parse(struct ctl_args *args, const struct ctl_command *command,
		 const char *path, int argc, char **argv)
{
	const struct option *option;
	int err;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			exit(print_help(path, command));
		if (argv[i][0] != '-' || !strcmp(argv[i], "-") ||
		    !strncmp(argv[i], "-/", 2)) {
			if (args->pos_count == 4)
				return ctl_fail(CTL_USAGE, "too many arguments: %s --help",
						path);
			args->pos[args->pos_count++] = argv[i];
			continue;
		}
		option = find_option(argv[i]);
		if (!option || !takes(command, argv[i]))
			return ctl_fail(CTL_USAGE, "unknown option %s: %s --help",
					argv[i], path);
		if (option->kind == FLAG) {
			set_option(args, option, NULL);
			continue;
		}
		if (i + 1 == argc)
			return ctl_fail(CTL_USAGE, "%s wants a value", argv[i]);
		err = fill_placeholder(&argv[++i]);
		if (!err)
			err = set_option(args, option, argv[i]);
		if (err)
			return err;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct ctl_command *list = commands, *command = NULL;
	struct ctl_args args = { 0 };
	char path[128] = "ockamctl";
	int i, err;

	if (argc == 1)
		return overview(&args);
	for (i = 1; i < argc && list; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			print_commands(path, list);
			return CTL_OK;
		}
		if (!strcmp(argv[i], "--version")) {
			puts("ockamctl 0.1");
			return CTL_OK;
		}
		command = find(list, argv[i]);
		if (!command)
			return ctl_fail(CTL_USAGE, "unknown command '%s': %s --help",
					argv[i], path);
		snprintf(path + strlen(path), sizeof(path) - strlen(path),
			 " %s", command->name);
		list = command->sub;
	}
	if (list) {
		print_commands(path, list);
		return CTL_USAGE;
	}
	err = parse(&args, command, path, argc - i, argv + i);
	return err ? err : command->run(&args);
}
