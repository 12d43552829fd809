// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The identity of a message: OCKAM_CM_PEER comes with what a channel brought,
 * with nothing else, and nobody can put it there.
 */
#define _GNU_SOURCE
#include "scene.h"

FIXTURE(peer) {
	struct route channel;		/* the channel's address */
	unsigned char id[OCKAM_ID_LEN];	/* of its other end */
	int from, to;
};

FIXTURE_SETUP(peer)
{
	socklen_t len = sizeof(self->id);
	struct sockaddr_ockam so;
	struct route inner;
	int fd, one = 1;

	ASSERT_EQ(0, given_channel(&self->channel, "w", ""));
	ASSERT_EQ(0, expose_at_api("worker"));
	inner = self->channel;
	route_add(&inner, 0, "worker");
	so = make_addr(OCKAM_KIND_CHANNEL, inner.hops, inner.len);
	fd = open_socket(SOCK_SEQPACKET);
	ASSERT_EQ(0, connect(fd, SA(so), sizeof(so)));
	ASSERT_EQ(0, getsockopt(fd, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, self->id,
				&len));
	close(fd);
	self->from = open_socket(SOCK_DGRAM);
	self->to = worker("worker");
	ASSERT_LE(0, self->to);
	ASSERT_EQ(0, setsockopt(self->to, SOL_OCKAM, OCKAM_RECV_PEER, &one,
				sizeof(one)));
}

FIXTURE_TEARDOWN(peer)
{
	close(self->from);
	close(self->to);
}

#undef TEST_F
#define TEST_F(fixture, name) TEST_F_TIMEOUT(fixture, name, 300)

/* Whether the next message has a peer, which goes to @id; -1 no message */
static int receive(int fd, unsigned char *id, int flags)
{
	char space[CMSG_SPACE(OCKAM_ID_LEN) * 4], byte[8];
	struct iovec iov = { .iov_base = byte, .iov_len = sizeof(byte) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *cmsg;
	int found = 0;

	if (recvmsg(fd, &msg, flags) < 0)
		return -1;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_OCKAM ||
		    cmsg->cmsg_type != OCKAM_CM_PEER)
			continue;
		found++;
		if (cmsg->cmsg_len != CMSG_LEN(OCKAM_ID_LEN))
			return -2;
		memcpy(id, CMSG_DATA(cmsg), OCKAM_ID_LEN);
	}
	return found;
}

static ssize_t send_route(int fd, const struct route *route)
{
	struct sockaddr_ockam so = route_addr(route);

	return sendto(fd, "x", 1, 0, SA(so), sizeof(so));
}

TEST_F(peer, a_channel_says_who_sent)
{
	unsigned char id[OCKAM_ID_LEN] = {};
	int none = 0;

	route_add(&self->channel, 0, "worker");
	EXPECT_EQ(1, send_route(self->from, &self->channel));
	EXPECT_EQ(1, receive(self->to, id, MSG_PEEK));
	EXPECT_EQ(0, memcmp(id, self->id, sizeof(id)));
	EXPECT_EQ(1, receive(self->to, id, 0));
	/* Not when it was not asked for. */
	EXPECT_EQ(0, setsockopt(self->to, SOL_OCKAM, OCKAM_RECV_PEER, &none,
				sizeof(none)));
	EXPECT_EQ(1, send_route(self->from, &self->channel));
	EXPECT_EQ(0, receive(self->to, id, 0));
}

TEST_F(peer, others_have_none)
{
	unsigned char id[OCKAM_ID_LEN];
	struct route local = { .len = 0 }, tcp = { .len = 0 };

	route_add(&local, 0, "worker");
	EXPECT_EQ(1, send_route(self->from, &local));
	EXPECT_EQ(0, receive(self->to, id, 0));
	route_add(&tcp, 1, "127.0.0.1:4001");
	route_add(&tcp, 0, "worker");
	EXPECT_EQ(1, send_route(self->from, &tcp));
	EXPECT_EQ(0, receive(self->to, id, 0));
}

/* Who forwards makes a message of its own */
TEST_F(peer, none_comes_past_a_hop)
{
	unsigned char id[OCKAM_ID_LEN];

	ASSERT_EQ(0, system("ockamctl service start hop --at w > /dev/null"));
	ASSERT_EQ(0, expose_at_api("hop"));
	route_add(&self->channel, 0, "hop");
	route_add(&self->channel, 0, "worker");
	EXPECT_EQ(1, send_route(self->from, &self->channel));
	EXPECT_EQ(0, receive(self->to, id, 0));
	EXPECT_EQ(0, system("ockamctl service stop hop --at w > /dev/null"));
}

/* A sender cannot give one, not even its own */
TEST_F(peer, no_sender_can_say_who_it_is)
{
	char space[CMSG_SPACE(OCKAM_ID_LEN)] = {};
	struct iovec iov = { .iov_base = "f", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	unsigned char id[OCKAM_ID_LEN];
	struct sockaddr_ockam so;
	int fd;

	cmsg->cmsg_level = SOL_OCKAM;
	cmsg->cmsg_type = OCKAM_CM_PEER;
	cmsg->cmsg_len = CMSG_LEN(OCKAM_ID_LEN);
	memcpy(CMSG_DATA(cmsg), self->id, OCKAM_ID_LEN);
	ASSERT_EQ(0, connect_name(self->from, "worker"));
	REFUSED(EINVAL, sendmsg(self->from, &msg, 0));
	route_add(&self->channel, 0, "worker");
	so = make_addr(OCKAM_KIND_CHANNEL, self->channel.hops, self->channel.len);
	fd = open_socket(SOCK_SEQPACKET);
	ASSERT_EQ(0, connect(fd, SA(so), sizeof(so)));
	REFUSED(EINVAL, sendmsg(fd, &msg, 0));
	REFUSED(EINVAL, setsockopt(self->from, SOL_OCKAM, OCKAM_RECV_PEER,
				   self->id, OCKAM_ID_LEN));
	REFUSED(ENOPROTOOPT, setsockopt(self->from, SOL_OCKAM,
					OCKAM_PEER_IDENTIFIER, self->id,
					OCKAM_ID_LEN));
	EXPECT_EQ(-1, receive(self->to, id, MSG_DONTWAIT));
	EXPECT_EQ(1, send(self->from, "x", 1, 0));
	EXPECT_EQ(0, receive(self->to, id, 0));
	close(fd);
}

/* A message on the wire, for worker from back, with something behind it */
static size_t make_frame(unsigned char *out, int elements, const void *tail,
			 size_t len)
{
	static const unsigned char body[] =
		"\x81\x82\x00\x46worker\x81\x82\x00\x44" "back\x41x";
	size_t body_len = sizeof(body) - 1, total = 1 + body_len + len;

	out[0] = out[1] = 0;
	out[2] = total >> 8;
	out[3] = total;
	out[4] = 0x80 | elements;
	memcpy(out + 5, body, body_len);
	memcpy(out + 5 + body_len, tail, len);
	return 4 + total;
}

/* 1 it came with a peer, 0 without, -1 it did not come */
static int over_the_wire(int to, int elements, const void *tail, size_t len)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(4001) };
	unsigned char frame[512], id[OCKAM_ID_LEN];
	int fd = socket(AF_INET, SOCK_STREAM, 0), got;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	len = make_frame(frame + 1, elements, tail, len);
	frame[0] = 1;		/* the version */
	set_timeout(to, SO_RCVTIMEO, 3000);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) ||
	    write(fd, frame, len + 1) != (ssize_t)len + 1)
		return -3;
	got = receive(to, id, 0);
	close(fd);
	return got;
}

TEST_F(peer, nothing_on_the_wire_can_say_it)
{
	unsigned char text[2 + 65] = { 0x78, 65, 'I' }, more[3 + 64];
	unsigned char bytes[2 + OCKAM_ID_LEN] = { 0x58, OCKAM_ID_LEN };
	int i;

	memset(text + 3, 'a', 64);
	memcpy(bytes + 2, self->id, OCKAM_ID_LEN);
	for (i = 0; i < OCKAM_ID_LEN; i++)
		sprintf((char *)more, "%02x", self->id[i]),
			memcpy(text + 3 + 2 * i, more, 2);
	/* As it should be: no tracing context, none said, and a text */
	EXPECT_EQ(0, over_the_wire(self->to, 4, "\xf6", 1));
	EXPECT_EQ(0, over_the_wire(self->to, 3, "", 0));
	EXPECT_EQ(0, over_the_wire(self->to, 4, "\x62{}", 3));
	EXPECT_EQ(0, over_the_wire(self->to, 4, text, sizeof(text)));
	/* As it should not be: bytes, and more than there are fields */
	EXPECT_GE(0, over_the_wire(self->to, 4, bytes, sizeof(bytes)));
	memcpy(more + 1, bytes, sizeof(bytes));
	more[0] = 0xf6;
	EXPECT_GE(0, over_the_wire(self->to, 5, more, 1 + sizeof(bytes)));
	/* Behind the message, as if the node had more to say */
	EXPECT_GE(0, over_the_wire(self->to, 4, more, 1 + sizeof(bytes)));
}
