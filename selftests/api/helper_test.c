// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The helpers for C programs, ockam.h. */
#define _GNU_SOURCE
#include <ockam.h>
#include <poll.h>
#include "scene.h"

/* A route from text is @wanted, or fails with @error */
static const struct {
	const char *text, *wanted;
	size_t len;
	int error;
} routes[] = {
#define GOOD(text, wanted) { text, wanted, sizeof(wanted) - 1, 0 }
#define BAD(text, error) { text, "", 0, error }
	GOOD("/service/api", "\0\3api"),
	GOOD("service/api", "\0\3api"),
	GOOD("/worker/w1/service/x", "\0\2w1\0\1x"),
	GOOD("worker/w1/service/x", "\0\2w1\0\1x"),
	GOOD("/ip4/127.0.0.1/tcp/4000/service/api", "\1\16" "127.0.0.1:4000\0\3api"),
	GOOD("/ip4/10.0.0.1/tcp/65535", "\1\16" "10.0.0.1:65535"),
	GOOD("/ip6/::1/tcp/1/service/a", "\1\7[::1]:1\0\1a"),
	GOOD("/ip6/0:0::0:1/tcp/1", "\1\7[::1]:1"),
	GOOD("/dnsaddr/localhost/tcp/4000/service/a", "\1\16" "127.0.0.1:4000\0\1a"),
	GOOD("/dnsaddr/10.1.2.3/tcp/80", "\1\13" "10.1.2.3:80"),
	BAD("", EINVAL),
	BAD("/", EINVAL),
	BAD("//", EINVAL),
	BAD("//x", EINVAL),
	BAD("/service", EINVAL),
	BAD("/service/", EINVAL),
	BAD("/service/a/", EINVAL),
	BAD("/service/a//b", EINVAL),
	BAD("/service/a/service", EINVAL),
	BAD("/secure/api", EPROTONOSUPPORT),
	BAD("self", EPROTONOSUPPORT),
	BAD("/node/n1/service/a", EPROTONOSUPPORT),
	BAD("/project/default/service/a", EPROTONOSUPPORT),
	BAD("/space/s", EPROTONOSUPPORT),
	BAD("/ip4/127.0.0.1/udp/4000", EINVAL),
	BAD("/Service/a", EPROTONOSUPPORT),
	BAD("/services/a", EPROTONOSUPPORT),
	BAD("/ip4/127.0.0.1", EINVAL),
	BAD("/ip4/127.0.0.1/tcp", EINVAL),
	BAD("/ip4/127.0.0.1/tcp/", EINVAL),
	BAD("/ip4/127.0.0.1/tcp/0", EINVAL),
	BAD("/ip4/127.0.0.1/tcp/65536", EINVAL),
	BAD("/ip4/127.0.0.1/tcp/100000", EINVAL),
	BAD("/ip4/127.0.0.1/tcp/18446744073709551617", EINVAL),
	BAD("/ip4/127.0.0.1/tcp/-1", EINVAL),
	BAD("/ip4/127.0.0.1/tcp/1x", EINVAL),
	BAD("/ip4/127.0.0/tcp/1", EINVAL),
	BAD("/ip4/::1/tcp/1", EINVAL),
	BAD("/ip6/127.0.0.1/tcp/1", EINVAL),
	BAD("/ip4//tcp/1", EINVAL),
	BAD("/dnsaddr//tcp/1", EINVAL),
	BAD("/dnsaddr/no.such.host.invalid/tcp/1", EHOSTUNREACH),
	BAD("/service/a/ip4/127.0.0.1/tcp/1", EINVAL),
	BAD("/ip4/127.0.0.1/tcp/1/ip4/127.0.0.1/tcp/1", EINVAL),
};

TEST(routes_from_text)
{
	struct ockam_route route;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		errno = 0;
		rc = ockam_route_parse(&route, routes[i].text);
		EXPECT_EQ(routes[i].error ? -1 : 0, rc)
			TH_LOG("'%s'", routes[i].text);
		EXPECT_EQ(routes[i].error, rc ? errno : 0)
			TH_LOG("'%s'", routes[i].text);
		if (rc)
			continue;
		ASSERT_EQ(routes[i].len, route.len)
			TH_LOG("'%s'", routes[i].text);
		EXPECT_EQ(0, memcmp(route.hops, routes[i].wanted, route.len))
			TH_LOG("'%s'", routes[i].text);
	}
}

TEST(the_bounds_of_a_route)
{
	char text[33 * 20 + 300] = "";
	struct ockam_route route;
	int i;

	for (i = 0; i < 32; i++)
		strcat(text, "/service/abc");
	EXPECT_EQ(0, ockam_route_parse(&route, text));
	EXPECT_EQ(32, route.count);
	EXPECT_EQ(32 * 5, route.len);
	strcat(text, "/service/abc");
	REFUSED(EMSGSIZE, ockam_route_parse(&route, text));
	strcpy(text, "/service/");
	memset(text + 9, 'x', 255);
	text[9 + 255] = '\0';
	EXPECT_EQ(0, ockam_route_parse(&route, text));
	EXPECT_EQ(257, route.len);
	strcat(text, "x");
	REFUSED(ENAMETOOLONG, ockam_route_parse(&route, text));
	memcpy(text, "/dnsaddr/", 9);
	strcat(text, "/tcp/1");
	REFUSED(ENAMETOOLONG, ockam_route_parse(&route, text));
}

TEST(identifiers)
{
	static const char good[] = "I00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";
	unsigned char id[OCKAM_ID_LEN];
	char text[2 + 2 * OCKAM_ID_LEN];
	size_t i;

	EXPECT_EQ(0, ockam_identifier_parse(id, good));
	EXPECT_EQ(0x11, id[1]);
	EXPECT_EQ(0xef, id[31]);
	ockam_identifier_text(text, id);
	EXPECT_STREQ(good, text);
	for (i = 1; i < sizeof(good) - 1; i++)
		text[i] = text[i] >= 'a' ? text[i] - 'a' + 'A' : text[i];
	memset(id, 0, sizeof(id));
	EXPECT_EQ(0, ockam_identifier_parse(id, text));
	EXPECT_EQ(0xff, id[15]);
	for (i = 0; i < sizeof(good) - 1; i++) {
		strcpy(text, good);
		text[i] = 'x';
		REFUSED(EINVAL, ockam_identifier_parse(id, text));
		text[i] = '\0';
		REFUSED(EINVAL, ockam_identifier_parse(id, text));
	}
	REFUSED(EINVAL, ockam_identifier_parse(id, ""));
}

TEST(the_family)
{
	EXPECT_EQ(FAMILY, ockam_family());
}

TEST(a_channel_in_one_call_at_each_end)
{
	int server = ockam_listen("w", "srv", 4, NULL, 0), c, s;
	unsigned char id[OCKAM_ID_LEN], none[OCKAM_ID_LEN] = {};
	char buf[8];

	ASSERT_LE(0, server);
	EXPECT_EQ(FD_CLOEXEC, fcntl(server, F_GETFD));
	c = ockam_connect(NULL, "/dnsaddr/localhost/tcp/4001/service/srv",
			  SOCK_SEQPACKET | SOCK_CLOEXEC, NULL, 0);
	ASSERT_LE(0, c) TH_LOG("%s", strerror(errno));
	s = accept(server, NULL, NULL);
	ASSERT_LE(0, s);
	EXPECT_EQ(0, ockam_peer(c, id));
	EXPECT_NE(0, memcmp(id, none, sizeof(id)));
	EXPECT_EQ(2, send(c, "hi", 2, 0));
	EXPECT_EQ(2, recv(s, buf, 8, 0));
	close(c);
	/* Only who is listed */
	c = ockam_connect("w", "/service/srv", SOCK_SEQPACKET, id, 1);
	EXPECT_LE(0, c);
	close(c);
	REFUSED(EKEYREJECTED, ockam_connect("w", "/service/srv", SOCK_SEQPACKET,
					    none, 1));
	/* Without waiting */
	c = ockam_connect("w", "/ip4/127.0.0.1/tcp/4001/service/srv",
			  SOCK_SEQPACKET | SOCK_NONBLOCK, NULL, 0);
	ASSERT_LE(0, c);
	EXPECT_EQ(1, poll(&(struct pollfd){ .fd = c, .events = POLLOUT }, 1,
			  20000));
	EXPECT_EQ(1, send(c, "x", 1, 0));
	close(c);
	close(s);
	close(server);
}

TEST(a_worker_and_who_sends_to_it)
{
	int b = ockam_socket(NULL, SOCK_DGRAM, NULL, 0), a;
	char buf[8];

	ASSERT_LE(0, b);
	ASSERT_EQ(0, ockam_bind(b, "helped"));
	a = ockam_connect(NULL, "/worker/helped", SOCK_DGRAM, NULL, 0);
	ASSERT_LE(0, a);
	EXPECT_EQ(1, send(a, "x", 1, 0));
	EXPECT_EQ(1, recv(b, buf, 8, 0));
	close(a);
	close(b);
}

static int open_files(void)
{
	int count = 0, fd;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

TEST(what_fails_leaves_nothing_open)
{
	int before = open_files();
	char name[66] = {};

	memset(name, 'n', 65);
	REFUSED(ENETUNREACH, ockam_connect("none", "/service/x", SOCK_SEQPACKET,
					   NULL, 0));
	REFUSED(EINVAL, ockam_connect(name, "/service/x", SOCK_SEQPACKET, NULL,
				      0));
	REFUSED(ECONNREFUSED, ockam_connect(NULL, "/service/nobody",
					    SOCK_SEQPACKET, NULL, 0));
	REFUSED(EPROTONOSUPPORT, ockam_connect(NULL, "/secure/api",
					       SOCK_SEQPACKET, NULL, 0));
	REFUSED(ESOCKTNOSUPPORT, ockam_connect(NULL, "/service/x", SOCK_STREAM,
					       NULL, 0));
	REFUSED(EINVAL, ockam_connect(NULL, "/service/x", SOCK_SEQPACKET, name,
				      1000));
	REFUSED(EADDRINUSE, ockam_listen(NULL, "echo", 1, NULL, 0));
	REFUSED(ENAMETOOLONG, ockam_listen(NULL, name, 1, NULL, 0));
	REFUSED(EINVAL, ockam_listen(NULL, "", 1, NULL, 0));
	REFUSED(EACCES, ockam_listen(NULL, "_x", 1, NULL, 0));
	EXPECT_EQ(before, open_files());
}
