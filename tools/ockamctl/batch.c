// SPDX-License-Identifier: GPL-2.0 OR MIT
/* --batch: commands from a file, one a line. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "batch.h"
#include "ctl.h"

#define WORDS_MAX	64

/*
 * The next word of a line, which is changed for it: up to a blank outside of
 * single or double quotes. NULL at the end and at a "#"; *bad: a quote is open.
 */
static char *next_word(char **line, bool *bad)
{
	char *from = *line + strspn(*line, " \t\r\n"), *to = from, *word = from;
	char quote = '\0';

	if (!*from || *from == '#')
		return NULL;
	for (; *from && (quote || !strchr(" \t\r\n", *from)); from++) {
		if (quote ? *from == quote : *from == '"' || *from == '\'')
			quote = quote ? '\0' : *from;
		else
			*to++ = *from;
	}
	*line = *from ? from + 1 : from;
	*to = '\0';
	*bad = quote;
	return word;
}

/* A process of its own: each command starts as from the shell. */
static int run_apart(int argc, char **argv, int (*run)(int argc, char **argv))
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return ctl_fail(CTL_INTERNAL, "cannot fork: %s", strerror(errno));
	if (!child) {
		status = run(argc, argv);
		fflush(stdout);
		_exit(status);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return CTL_INTERNAL;
	return WIFEXITED(status) ? WEXITSTATUS(status) : CTL_INTERNAL;
}

static int run_line(char *line, int (*run)(int argc, char **argv))
{
	char *argv[WORDS_MAX + 1] = { "ockamctl" }, *word;
	bool bad = false;
	int argc = 1;

	while ((word = next_word(&line, &bad))) {
		if (bad)
			return ctl_fail(CTL_DATA, "a quote is not closed");
		if (argc == WORDS_MAX)
			return ctl_fail(CTL_DATA, "more than %d words",
					WORDS_MAX - 1);
		argv[argc++] = word;
	}
	return argc == 1 ? CTL_OK : run_apart(argc, argv, run);
}

/* The lines on standard input are no command's input. */
static FILE *take_input(void)
{
	int lines = dup(STDIN_FILENO), null = open("/dev/null", O_RDONLY);

	if (lines < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0)
		return NULL;
	close(null);
	fcntl(lines, F_SETFD, FD_CLOEXEC);
	return fdopen(lines, "r");
}

int batch_run(const char *path, int (*run)(int argc, char **argv))
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : take_input();
	size_t room = 0, number = 0;
	char *line = NULL;
	int err = CTL_OK;

	if (!file)
		return ctl_fail(CTL_INPUT, "cannot read %s: %s", path,
				strerror(errno));
	while (!err && getline(&line, &room, file) >= 0) {
		number++;
		err = run_line(line, run);
	}
	if (err)
		ctl_fail(err, "%s: line %zu failed; what follows is not done",
			 path, number);
	else if (ferror(file))
		err = ctl_fail(CTL_INPUT, "cannot read %s", path);
	free(line);
	fclose(file);
	return err;
}
