// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A "-" in a route: the first line of standard input, from another command. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

/* Is there more? A terminal has no end: there one line is enough. */
static bool more_lines(void)
{
	int c = EOF;

	while (!isatty(STDIN_FILENO) && (c = getchar()) != EOF)
		if (!isspace(c))
			return true;
	return false;
}

/* As a/b: without white space and slashes around it. NULL after a message. */
static const char *read_line(void)
{
	static char line[4096];
	char *start = line, *end;

	if (!fgets(line, sizeof(line), stdin))
		*line = '\0';
	end = line + strlen(line);
	if (end - line == sizeof(line) - 1 && end[-1] != '\n') {
		ctl_fail(CTL_DATA, "the line on standard input is too long for a route");
		return NULL;
	}
	while (end > line && (isspace((unsigned char)end[-1]) ||
			      end[-1] == '/'))
		*--end = '\0';
	while (isspace((unsigned char)*start) || *start == '/')
		start++;
	if (!*start)
		ctl_fail(CTL_DATA, "standard input is empty: pipe an address such as /service/NAME into -");
	else if (more_lines())
		ctl_fail(CTL_DATA, "standard input has more than one line: pipe one address into -");
	else
		return start;
	return NULL;
}

/* The first part that is "-" alone. */
static const char *find_mark(const char *route)
{
	const char *part = route;

	while (part) {
		if (part[0] == '-' && (part[1] == '/' || !part[1]))
			return part;
		part = strchr(part, '/');
		if (part)
			part++;
	}
	return NULL;
}

int placeholder_fill(const char **arg)
{
	const char *mark = find_mark(*arg), *line;
	char *full;

	if (!mark)
		return CTL_OK;
	if (find_mark(mark + 1))
		return ctl_fail(CTL_USAGE, "only one - can stand in a route: '%s'",
				*arg);
	line = read_line();
	if (!line)
		return CTL_DATA;
	if (asprintf(&full, "%.*s%s%s%s", (int)(mark - *arg), *arg,
		     mark == *arg ? "/" : "", line, mark + 1) < 0)
		return ctl_fail(CTL_INTERNAL, "out of memory");
	*arg = full;
	return CTL_OK;
}
