// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What the helpers for programs make of text: routes and identifiers. */

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

/* Nothing is asked: an odd name has an IPv6 address, one with an x has none. */
static int stand_in_getaddrinfo(const char *host, const char *service,
				const struct addrinfo *hints,
				struct addrinfo **list)
{
	static struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	static struct sockaddr_in four = { .sin_family = AF_INET };
	static struct addrinfo found;

	(void)service;
	(void)hints;
	if (strchr(host, 'x'))
		return EAI_NONAME;
	found.ai_family = strlen(host) % 2 ? AF_INET6 : AF_INET;
	found.ai_addr = strlen(host) % 2 ? (struct sockaddr *)&six :
					   (struct sockaddr *)&four;
	*list = &found;
	return 0;
}

#define getaddrinfo	stand_in_getaddrinfo
#define freeaddrinfo(list)	((void)(list))
#include <ockam.h>
#include "fuzz.h"
#include "multiaddr.h"

static char *text_of(const struct input *in)
{
	char *text = malloc(in->left + 1);

	memcpy(text, in->at, in->left);
	text[in->left] = '\0';
	return text;
}

/* It is made as the kernel wants it; @at is behind its first TCP address. */
static const unsigned char *well_formed(const struct ockam_route *route)
{
	const unsigned char *at = route->hops, *end = at + route->len;
	unsigned int count = 0;

	while (at < end) {
		must(at + 2 <= end && at[1] && at + 2 + at[1] <= end);
		must(at[0] == 0 || (at[0] == 1 && !count && at[1] >= 6 &&
				    at[1] <= INET6_ADDRSTRLEN + 8));
		at += 2 + at[1];
		count++;
	}
	must(count == route->count && count && count <= 32);
	return route->hops + (route->hops[0] ? 2 + route->hops[1] : 0);
}

/* The tool's own parser reads the same in the text. */
void fuzz_client_route(struct input *in)
{
	char *text = text_of(in), joined[OCKAM_ROUTE_MAX * 2];
	struct ockam_route *route = malloc(sizeof(*route)), again;
	const char *from = text, *why;
	struct component part;
	const unsigned char *at;
	size_t len = 0;

	if (ockam_route_parse(route, text)) {
		must(errno == EINVAL || errno == EPROTONOSUPPORT ||
		     errno == EHOSTUNREACH || errno == ENAMETOOLONG ||
		     errno == EMSGSIZE);
		goto out;
	}
	at = well_formed(route);
	if (route->hops[0]) {
		must(multiaddr_next(&from, &part, &why) == 1);
		len = sprintf(joined, "/%s/%s", part.protocol, part.value);
		must(multiaddr_next(&from, &part, &why) == 1);
		must(!strcmp(part.protocol, "tcp"));
		must(atoi(part.value) > 0 && atoi(part.value) <= 65535);
		len += sprintf(joined + len, "/tcp/%s", part.value);
	}
	while (multiaddr_next(&from, &part, &why) == 1) {
		must(!strcmp(part.protocol, "service") ||
		     !strcmp(part.protocol, "worker"));
		must(at[1] == strlen(part.value));
		must(!memcmp(at + 2, part.value, at[1]));
		at += 2 + at[1];
		len += sprintf(joined + len, "/service/%s", part.value);
	}
	must(!*from && at == route->hops + route->len);
	must(!ockam_route_parse(&again, joined));
	must(again.len == route->len &&
	     !memcmp(again.hops, route->hops, again.len));
out:
	free(route);
	free(text);
}

void fuzz_client_id(struct input *in)
{
	unsigned char id[OCKAM_ID_LEN], again[OCKAM_ID_LEN];
	char *text = text_of(in), back[2 + 2 * OCKAM_ID_LEN];

	if (!ockam_identifier_parse(id, text)) {
		ockam_identifier_text(back, id);
		must(!strcasecmp(back, text));
		must(!ockam_identifier_parse(again, back));
		must(!memcmp(id, again, sizeof(id)));
	}
	free(text);
}
