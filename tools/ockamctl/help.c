// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What --help says, and the manual page's list of commands. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"

static const struct {
	const char *names, *text;
} global_options[] = {
	{ "--output plain|json",
	  "text or JSON; lists are text on a terminal, JSON in a pipe" },
	{ "-j", "the same as --output json" },
	{ "-p", "JSON over several lines, even with --compact-output" },
	{ "--compact-output", "JSON on one line" },
	{ "--jq FILTER", "JSON, and what this filter of jq makes of it" },
	{ "-o, --oneline", "text with one line for each object" },
	{ "-q, --quiet", "no progress and no hints" },
	{ "-y, --yes", "delete without a question" },
	{ "--no-input",
	  "no question at all, as with NO_INPUT in the environment: delete without one" },
	{ "--no-color", "accepted; there are no colours" },
	{ "--netns NAME", "work in a namespace of `ip netns`" },
	{ "--timeout SECONDS",
	  "wait that long for an answer, 10 without it; monitor and message listen end after it, never without it" },
	{ "--batch FILE",
	  "instead of a command: do each line of a file, - for standard input, until one fails" },
	{ "-h, --help", "how a command is used" },
	{ "--version", "version of the tool" },
	{ NULL, NULL },
};

static const char *first_example(const struct ctl_command *list)
{
	const struct ctl_command *command = list;

	while (command->sub)
		command = command->sub;
	return command->example;
}

void help_commands(FILE *to, const char *path, const struct ctl_command *list)
{
	const struct ctl_command *command;

	fprintf(to, "usage: %s COMMAND\n\n", path);
	for (command = list; command->name; command++)
		fprintf(to, "  %-24s %s\n", command->name, command->help);
	fprintf(to, "\n");
	if (list == commands) {
		fprintf(to, "options of all commands:\n\n");
		for (int i = 0; global_options[i].names; i++)
			fprintf(to, "  %-24s %s\n", global_options[i].names,
				global_options[i].text);
		fprintf(to, "\n");
	}
	fprintf(to, "%s COMMAND --help says more.\n\nexample: %s\n", path,
		first_example(list));
}

void help_command(const char *path, const struct ctl_command *command)
{
	printf("usage: %s%s%s\n\n%c%s.\n\nexample: %s\n", path,
	       *command->usage ? " " : "", command->usage,
	       toupper(command->help[0]), command->help + 1, command->example);
}

/* The manual page's sections OPTIONS and COMMANDS, in roff. */

static void put_roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			putchar('\\');
		putchar(*text);
	}
}

static void put_sentence(const char *text)
{
	putchar(toupper(*text));
	put_roff(text + 1);
	puts(".");
}

static void roff_options(void)
{
	puts(".SH OPTIONS\nAll commands take these, also in front of their names.");
	for (int i = 0; global_options[i].names; i++) {
		printf(".TP\n.B ");
		put_roff(global_options[i].names);
		printf("\n");
		put_sentence(global_options[i].text);
	}
}

static void roff_command(const char *noun, const struct ctl_command *command)
{
	printf(".TP\n.B ockamctl ");
	if (noun) {
		put_roff(noun);
		putchar(' ');
	}
	put_roff(command->name);
	if (*command->usage)
		putchar(' ');
	put_roff(command->usage);
	printf("\n");
	put_sentence(command->help);
}

/* Is it a second name for the same commands? */
static bool repeats(const struct ctl_command *noun)
{
	for (const struct ctl_command *other = commands; other != noun; other++)
		if (noun->sub && other->sub == noun->sub)
			return true;
	return false;
}

static void roff_noun(const struct ctl_command *noun)
{
	const struct ctl_command *verb = noun->sub;

	printf(".SS ");
	put_roff(noun->name);
	printf("\n");
	if (!verb)
		return roff_command(NULL, noun);
	put_sentence(noun->help);
	for (; !repeats(noun) && verb->name; verb++)
		roff_command(noun->name, verb);
}

static void add_json(json_t *all, const struct ctl_command *noun,
		     const struct ctl_command *verb)
{
	json_array_append_new(all, json_pack("{s:s++, s:s, s:s, s:s}",
		"command", noun ? noun->name : "", noun ? " " : "", verb->name,
		"usage", verb->usage, "help", verb->help, "example",
		verb->example));
}

static int table_as_json(void)
{
	const struct ctl_command *noun, *verb;
	json_t *all = json_array();

	for (noun = commands; noun->name; noun++) {
		if (!noun->sub)
			add_json(all, NULL, noun);
		verb = repeats(noun) ? NULL : noun->sub;
		for (; verb && verb->name; verb++)
			add_json(all, noun, verb);
	}
	return ctl_print(all);
}

int manpages(struct ctl_args *args)
{
	(void)args;
	if (ctl_wants_json())
		return table_as_json();
	roff_options();
	puts(".SH COMMANDS");
	for (const struct ctl_command *noun = commands; noun->name; noun++)
		roff_noun(noun);
	return ctl_flush();
}
