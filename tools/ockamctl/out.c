// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What ockamctl prints: values, objects, errors. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "filter.h"

static struct {
	bool json, plain, compact, oneline, quiet;
} mode;

int ctl_output(const struct ctl_args *args)
{
	const char *output = args->output;

	if (output && strcmp(output, "json") && strcmp(output, "plain"))
		return ctl_fail(CTL_USAGE, "--output is json or plain");
	mode.plain = args->oneline || (output && !strcmp(output, "plain"));
	mode.json = args->json || args->pretty || args->compact || args->jq ||
		    (output && !strcmp(output, "json"));
	if (mode.plain && mode.json)
		return ctl_fail(CTL_USAGE, "say one of text and JSON: --oneline and --output plain are text");
	mode.compact = args->compact && !args->pretty;
	mode.oneline = args->oneline;
	mode.quiet = args->quiet;
	return args->jq ? filter_open(args->jq) : CTL_OK;
}

bool ctl_wants_json(void)
{
	return mode.json;
}

bool ctl_is_text(void)
{
	return mode.plain || (!mode.json && isatty(STDOUT_FILENO));
}

/* One line, whatever was quoted in it. */
static void say(const char *before, const char *format, va_list args)
{
	static char text[4096], line[4 * sizeof(text)];

	vsnprintf(text, sizeof(text), format, args);
	ctl_printable(line, sizeof(line), text, strlen(text));
	fprintf(stderr, "%s%s\n", before, line);
}

int ctl_fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("error: ", format, args);
	va_end(args);
	return code;
}

void ctl_note(const char *format, ...)
{
	va_list args;

	if (mode.quiet)
		return;
	va_start(args, format);
	say("", format, args);
	va_end(args);
}

int ctl_flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return CTL_OK;
	return ctl_fail(CTL_IO, "cannot write to standard output: %s",
			strerror(errno));
}

static int print_value(const char *format, va_list args)
{
	vprintf(format, args);
	putchar('\n');
	return ctl_flush();
}

int ctl_value(const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = print_value(format, args);
	va_end(args);
	return err;
}

int ctl_result(json_t *json, const char *format, ...)
{
	va_list args;
	int err;

	if (mode.json)
		return ctl_print(json);
	json_decref(json);
	va_start(args, format);
	err = print_value(format, args);
	va_end(args);
	return err;
}

/* @json is taken. */
static int print_json(json_t *json, bool pretty)
{
	int err = 0, flushed;

	if (filter_is_open()) {
		err = filter_print(json, pretty);
	} else {
		json_dumpf(json, stdout, JSON_SORT_KEYS | (pretty ?
			   JSON_INDENT(2) : JSON_COMPACT));
		putchar('\n');
	}
	json_decref(json);
	flushed = ctl_flush();
	return err ? err : flushed;
}

int ctl_print_line(json_t *json)
{
	if (!json)
		return ctl_fail(CTL_INTERNAL, "out of memory");
	return print_json(json, false);
}

/* Text of a list or object. Others may have chosen its strings and keys. */

void ctl_put(const char *text)
{
	size_t len = strlen(text);
	char *safe = malloc(4 * len + 5);

	if (safe) {
		ctl_printable(safe, 4 * len + 5, text, len);
		fputs(safe, stdout);
	}
	free(safe);
}

static void print_scalar(const json_t *value)
{
	if (json_is_string(value))
		ctl_put(json_string_value(value));
	else if (json_is_integer(value))
		printf("%lld", (long long)json_integer_value(value));
	else
		fputs(json_is_true(value) ? "yes" :
		      json_is_false(value) ? "no" : "-", stdout);
}

static void print_text(const json_t *json, int depth);

static void print_member(const char *key, const json_t *value, int depth)
{
	printf("%*s", depth * 2, "");
	ctl_put(key);
	putchar(':');
	if (json_object_size(value) || json_array_size(value)) {
		putchar('\n');
		print_text(value, depth + 1);
		return;
	}
	putchar(' ');
	print_scalar(value);
	putchar('\n');
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
		if (!json_is_string(value)) {
			print_text(value, depth);
			continue;
		}
		printf("%*s", depth * 2, "");
		ctl_put(json_string_value(value));
		putchar('\n');
	}
}

/* --oneline: key=value, with a tab between; a.b=value for an object in it. */
static void print_pairs(const char *prefix, const json_t *object, bool *first)
{
	const char *key;
	char name[128];
	json_t *value, *part;
	size_t i;

	json_object_foreach((json_t *)object, key, value) {
		snprintf(name, sizeof(name), "%s%s%s", prefix,
			 *prefix ? "." : "", key);
		if (json_is_object(value)) {
			print_pairs(name, value, first);
			continue;
		}
		fputs(*first ? "" : "\t", stdout);
		ctl_put(name);
		putchar('=');
		*first = false;
		if (!json_is_array(value))
			print_scalar(value);
		json_array_foreach(value, i, part) {
			fputs(i ? "," : "", stdout);
			print_scalar(part);
		}
	}
}

static void print_oneline(const json_t *json)
{
	bool first = true;
	json_t *value;
	size_t i;

	if (json_is_object(json)) {
		print_pairs("", json, &first);
		putchar('\n');
	}
	json_array_foreach(json, i, value) {
		if (json_is_object(value)) {
			print_oneline(value);
		} else {
			print_scalar(value);
			putchar('\n');
		}
	}
}

static size_t cell_string(char *dst, size_t size, const json_t *value)
{
	return ctl_printable(dst, size, json_string_value(value),
			     json_string_length(value));
}

static void cell_text(char *dst, size_t size, const json_t *value)
{
	json_t *part;
	size_t i, used = 0;

	snprintf(dst, size, "-");
	if (json_is_string(value) && *json_string_value(value))
		cell_string(dst, size, value);
	if (json_is_integer(value))
		snprintf(dst, size, "%lld",
			 (long long)json_integer_value(value));
	if (json_is_boolean(value))
		snprintf(dst, size, "%s", json_is_true(value) ? "yes" : "no");
	json_array_foreach(value, i, part) {
		if (i && used + 1 < size)
			dst[used++] = ',';
		used += cell_string(dst + used, size - used, part);
	}
}

#define MAX_COLUMNS	8

static void print_table(const json_t *rows, const char *const *columns)
{
	int width[MAX_COLUMNS] = { 0 };
	char cell[2048];
	json_t *row;
	size_t i;

	for (int pass = 0; pass < 2; pass++) {
		json_array_foreach(rows, i, row) {
			for (int c = 0; columns[c]; c++) {
				cell_text(cell, sizeof(cell),
					  json_object_get(row, columns[c]));
				if (!pass && (int)strlen(cell) > width[c])
					width[c] = strlen(cell);
				if (pass)
					printf("%s%-*s", c ? "  " : "",
					       columns[c + 1] ? width[c] : 0,
					       cell);
			}
			if (pass)
				putchar('\n');
		}
	}
}

int ctl_print_table(json_t *json, const char *const *columns)
{
	if (!json)
		return ctl_fail(CTL_INTERNAL, "out of memory");
	if (!ctl_is_text())
		return print_json(json, !mode.compact);
	if (mode.oneline) {
		print_oneline(json);
	} else if (columns) {
		print_table(json, columns);
	} else {
		print_text(json, 0);
	}
	json_decref(json);
	return ctl_flush();
}

int ctl_print(json_t *json)
{
	return ctl_print_table(json, NULL);
}

bool ctl_confirm(const struct ctl_args *args, const char *what)
{
	char answer[8] = "";

	if (args->yes || args->no_input || getenv("NO_INPUT") ||
	    !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return true;
	fprintf(stderr, "Delete %s? [y/N] ", what);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	fprintf(stderr, "%s is kept.\n", what);
	return false;
}

/* C1 controls (c2 80 to c2 9f) are UTF-8, and do something. */
static bool is_plain_utf8(const unsigned char *bytes, size_t len)
{
	json_t *text = json_stringn((const char *)bytes, len);
	bool good = text;

	json_decref(text);
	for (size_t i = 0; i + 1 < len; i++)
		if (bytes[i] == 0xc2 && bytes[i + 1] < 0xa0)
			return false;
	return good;
}

size_t ctl_printable(char *dst, size_t size, const void *from, size_t len)
{
	const unsigned char *bytes = from;
	bool utf8 = is_plain_utf8(bytes, len);
	size_t used = 0;

	for (size_t i = 0; i < len && used + 5 <= size; i++)
		used += sprintf(dst + used, bytes[i] >= ' ' &&
				bytes[i] != 127 && (utf8 || bytes[i] < 127) ?
				"%c" : "\\x%02x", bytes[i]);
	dst[used] = '\0';
	return used;
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

int ctl_parse_identifiers(unsigned char *ids, size_t *len,
			  const struct ctl_values *values)
{
	int err = 0;

	for (int i = 0; !err && i < values->count; i++)
		err = ctl_parse_identifier(ids + 32 * i, values->value[i]);
	*len = 32 * values->count;
	return err;
}
