// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Time and other numbers. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ctl.h"

long ctl_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

long ctl_now_ms(void)
{
	return ctl_now_us() / 1000;
}

void ctl_date(char dst[21], uint64_t seconds)
{
	time_t when = seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
	    !strftime(dst, 21, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(dst, "never");
}

int ctl_time_ms(const char *text, const char *what, int min, int max)
{
	char *end;
	double seconds = strtod(text, &end);

	if (!strcmp(end, "ms"))
		seconds /= 1000;
	else if (end == text || (*end && strcmp(end, "s")))
		seconds = -1;
	if (seconds * 1000 >= min && seconds <= max)
		return seconds * 1000;
	return -ctl_fail(CTL_USAGE, "%s is %dms to %ds: a number of seconds, or of ms",
			 what, min, max);
}

int ctl_timeout_ms(const struct ctl_args *args)
{
	return args->timeout ? ctl_time_ms(args->timeout, "--timeout", 1, 600) :
			       10000;
}

int ctl_number(long *out, const char *text, const char *what, long min)
{
	char *end;

	*out = strtol(text, &end, 10);
	if (end != text && !*end && *out >= min && *out <= INT_MAX)
		return 0;
	return ctl_fail(CTL_USAGE, "%s is a whole number of at least %ld", what,
			min);
}
