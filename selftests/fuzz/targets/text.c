// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The texts that the tool takes: MultiAddr, HOST:PORT. */

#include "fuzz.h"
#include "multiaddr.h"

static char *text_of(const struct input *in)
{
	char *text = malloc(in->left + 1);

	memcpy(text, in->at, in->left);
	text[in->left] = '\0';
	return text;
}

/* Components, joined again, are components that read the same. */
void fuzz_multiaddr(struct input *in)
{
	char *text = text_of(in), *joined = malloc(in->left * 2 + 64);
	struct component part, again;
	const char *at = text, *why = NULL, *back;
	size_t len, parts = 0;
	int got;

	while ((got = multiaddr_next(&at, &part, &why)) > 0) {
		must(++parts <= strlen(text) + 1);
		must(!*at || (at > text && at < text + strlen(text)));
		must(strlen(part.protocol) < sizeof(part.protocol) &&
		     strlen(part.value) < sizeof(part.value));
		len = strlen(part.value);
		must(!*at || (!memcmp(at - len, part.value, len) &&
			      at[-1 - (long)len] == '/'));
		must(*part.protocol && !strchr(part.protocol, '/') &&
		     !strchr(part.value, '/'));
		len = sprintf(joined, "/%s/%s", part.protocol, part.value);
		back = joined;
		must(multiaddr_next(&back, &again, &why) == 1);
		must(back == joined + len);
		must(!strcmp(again.protocol, part.protocol) &&
		     !strcmp(again.value, part.value));
	}
	must(!got || (why && *why));
	must(got || !*at);
	free(joined);
	free(text);
}

void fuzz_host_port(struct input *in)
{
	char *text = text_of(in), host[256], port[6], joined[300];
	char host2[256], port2[6];
	int number;

	if (!host_port(text, host, port)) {
		must(*host && strlen(host) < sizeof(host));
		must(*port && strlen(port) < sizeof(port));
		must(strspn(port, "0123456789") == strlen(port));
		number = atoi(port);
		must(number >= 0 && number <= 65535);
		must(!strpbrk(host, " /\n") && host[0] != '-' &&
		     host[0] != '.');
		must(!strchr(host, ':') || host[0] == '[');
		snprintf(joined, sizeof(joined), "%s:%s", host, port);
		must(!host_port(joined, host2, port2));
		must(!strcmp(host, host2) && !strcmp(port, port2));
	}
	free(text);
}
