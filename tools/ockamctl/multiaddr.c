// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Text that names places: MultiAddr, HOST:PORT. */

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "multiaddr.h"

static const char *const protocols[] = {
	"service", "worker", "node", "project", "secure", "space", "ip4", "ip6",
	"dnsaddr", "tcp", "udp",
};

static bool known(const char *protocol)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (!strcmp(protocols[i], protocol))
			return true;
	return false;
}

static bool is_port(const char *text)
{
	size_t len = strlen(text);

	return len && len <= 5 && strspn(text, "0123456789") == len &&
	       atoi(text) <= 65535;
}

/* What a value lacks that its protocol wants; NULL for nothing. */
static const char *wrong_value(const struct component *part)
{
	unsigned char ip[16];

	if (!strcmp(part->protocol, "ip4"))
		return inet_pton(AF_INET, part->value, ip) == 1 ? NULL :
		       "no IPv4 address stands behind /ip4";
	if (!strcmp(part->protocol, "ip6"))
		return inet_pton(AF_INET6, part->value, ip) == 1 ? NULL :
		       "no IPv6 address stands behind /ip6";
	if (!strcmp(part->protocol, "dnsaddr"))
		return *part->value ? NULL :
		       "no host name stands behind /dnsaddr";
	if (!strcmp(part->protocol, "tcp") || !strcmp(part->protocol, "udp"))
		return is_port(part->value) ? NULL :
		       "a port is a number up to 65535";
	return NULL;
}

int multiaddr_next(const char **text, struct component *out, const char **why)
{
	const char *at = *text, *end;

	if (*at == '/')
		at++;
	if (!*at && at == *text)
		return 0;
	if (!strcmp(at, "self"))
		at = "secure/api";
	end = at + strcspn(at, "/");
	*why = "a protocol name is missing";
	if (end == at || end - at >= (long)sizeof(out->protocol))
		return -1;
	snprintf(out->protocol, sizeof(out->protocol), "%.*s", (int)(end - at),
		 at);
	*why = "unknown protocol (known: service, worker, node, project, secure, ip4, ip6, dnsaddr, tcp)";
	if (!known(out->protocol))
		return -1;
	at = *end ? end + 1 : end;
	end = at + strcspn(at, "/");
	*why = "an address has at most 255 bytes";
	if (end - at >= (long)sizeof(out->value))
		return -1;
	snprintf(out->value, sizeof(out->value), "%.*s", (int)(end - at), at);
	*why = wrong_value(out);
	if (*why)
		return -1;
	*text = end;
	return 1;
}

/* Labels of letters, digits, "-" and "_", with neither "-" at an edge. */
static bool is_host_name(const char *name)
{
	const char *label = name, *at;

	for (at = name; ; at++) {
		if (*at == '.' || !*at) {
			if (at == label || *label == '-' || at[-1] == '-')
				return false;
			label = at + 1;
		} else if (!isalnum((unsigned char)*at) && *at != '-' &&
			   *at != '_') {
			return false;
		}
		if (!*at)
			return true;
	}
}

static bool is_ip6(const char *host)
{
	size_t len = strlen(host);

	return len > 3 && host[0] == '[' && host[len - 1] == ']' &&
	       strspn(host + 1, "0123456789abcdefABCDEF:.%") == len - 2 &&
	       strchr(host, ':');
}

int host_port(const char *text, char host[256], char port[6])
{
	const char *colon = strrchr(text, ':'), *digits;
	size_t len = colon ? (size_t)(colon - text) : 0;

	digits = colon ? colon + 1 : text;
	if (!is_port(digits) || len > 255)
		return -1;
	snprintf(host, 256, "%.*s", (int)len, text);
	snprintf(port, 6, "%s", digits);
	if (!len)
		snprintf(host, 256, "127.0.0.1");
	return is_host_name(host) || is_ip6(host) ? 0 : -1;
}
