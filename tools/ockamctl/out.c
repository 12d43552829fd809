// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What ockamctl prints: values, objects, errors. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

int ctl_fail(int code, const char *format, ...)
{
	va_list args;

	fputs("error: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

void ctl_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int ctl_value(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return fflush(stdout) ? CTL_IO : CTL_OK;
}

static void print_text(const json_t *json, int depth);

static void print_member(const char *key, const json_t *value, int depth)
{
	printf("%*s%s:", depth * 2, "", key);
	if (json_is_object(value) || (json_is_array(value) &&
				      json_array_size(value))) {
		putchar('\n');
		print_text(value, depth + 1);
	} else if (json_is_string(value)) {
		printf(" %s\n", json_string_value(value));
	} else if (json_is_integer(value)) {
		printf(" %lld\n", (long long)json_integer_value(value));
	} else {
		printf(" %s\n", json_is_true(value) ? "yes" :
		       json_is_false(value) ? "no" : "-");
	}
}

static void print_text(const json_t *json, int depth)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(json)) {
		json_object_foreach((json_t *)json, key, value)
			print_member(key, value, depth);
		return;
	}
	json_array_foreach(json, i, value) {
		if (i && json_is_object(value))
			putchar('\n');
		if (json_is_string(value))
			printf("%*s%s\n", depth * 2, "",
			       json_string_value(value));
		else
			print_text(value, depth);
	}
}

int ctl_print(struct ctl_args *args, json_t *json)
{
	bool as_json = !isatty(STDOUT_FILENO);

	if (args->output && !strcmp(args->output, "json"))
		as_json = true;
	else if (args->output && !strcmp(args->output, "plain"))
		as_json = false;
	else if (args->output) {
		json_decref(json);
		return ctl_fail(CTL_USAGE, "--output is json or plain");
	}
	if (as_json) {
		json_dumpf(json, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
		putchar('\n');
	} else {
		print_text(json, 0);
	}
	json_decref(json);
	return fflush(stdout) ? CTL_IO : CTL_OK;
}

int ctl_timeout_ms(const struct ctl_args *args)
{
	char *end;
	double seconds;

	if (!args->timeout)
		return 10000;
	seconds = strtod(args->timeout, &end);
	if (!strcmp(end, "ms"))
		return seconds;
	if (seconds <= 0 || seconds > 600 || (*end && strcmp(end, "s")))
		return -ctl_fail(CTL_USAGE, "--timeout is a number of seconds, or of ms");
	return seconds * 1000;
}

void ctl_hex(char *dst, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		sprintf(dst + 2 * i, "%02x", bytes[i]);
	dst[2 * len] = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Bytes written, or -1. */
int ctl_unhex(void *dst, size_t size, const char *text)
{
	unsigned char *bytes = dst;
	size_t len = strlen(text);

	if (len % 2 || len / 2 > size)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		bytes[i / 2] = high << 4 | low;
	}
	return len / 2;
}

void ctl_identifier(char dst[66], const unsigned char id[32])
{
	dst[0] = 'I';
	ctl_hex(dst + 1, id, 32);
}

int ctl_parse_identifier(unsigned char id[32], const char *text)
{
	if (text[0] != 'I' || strlen(text) != 65 ||
	    ctl_unhex(id, 32, text + 1) != 32)
		return ctl_fail(CTL_DATA, "'%s' is no identifier: I and 64 hex digits",
				text);
	return 0;
}
