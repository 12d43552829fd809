// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A "-" in a route: the first line of standard input, from another command. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"

/* As a/b: without white space and slashes around it. */
static const char *read_line(void)
{
	static char line[4096];
	char *start = line, *end;

	if (!fgets(line, sizeof(line), stdin))
		return NULL;
	end = line + strlen(line);
	while (end > line && (isspace((unsigned char)end[-1]) ||
			      end[-1] == '/'))
		*--end = '\0';
	while (isspace((unsigned char)*start) || *start == '/')
		start++;
	return *start ? start : NULL;
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
	line = read_line();
	if (!line)
		return ctl_fail(CTL_DATA, "standard input is empty: pipe an address such as /service/NAME into -");
	if (asprintf(&full, "%.*s%s%s%s", (int)(mark - *arg), *arg,
		     mark == *arg ? "/" : "", line, mark + 1) < 0)
		return ctl_fail(CTL_INTERNAL, "out of memory");
	*arg = full;
	return CTL_OK;
}
