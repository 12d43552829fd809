// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A socket that is a channel: opening, messages, both ends' ends, many hands. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include "scene.h"

/* A route over TCP to the address @name of this node */
static struct sockaddr_ockam over_tcp(const char *name)
{
	struct route route = { .len = 0 };

	route_add(&route, 1, "127.0.0.1:4001");
	route_add(&route, 0, name);
	return route_addr(&route);
}

/* Both ends of a channel over TCP; @server listens as srv */
static int over_tcp_pair(int server, int *other)
{
	struct sockaddr_ockam to = over_tcp("srv");
	int fd = open_socket(SOCK_SEQPACKET);

	if (connect(fd, SA(to), sizeof(to)))
		return -1;
	*other = accept(server, NULL, NULL);
	return fd;
}

FIXTURE(channel) {
	int server, a, b;
};

FIXTURE_SETUP(channel)
{
	self->server = listening("srv");
	ASSERT_LE(0, self->server);
	self->a = over_tcp_pair(self->server, &self->b);
	ASSERT_LE(0, self->a);
	ASSERT_LE(0, self->b);
	set_timeout(self->b, SO_RCVTIMEO, 20000);
}

FIXTURE_TEARDOWN(channel)
{
	close(self->a);
	close(self->b);
	close(self->server);
}

#undef TEST_F
#define TEST_F(fixture, name) TEST_F_TIMEOUT(fixture, name, 300)

static int socket_error(int fd)
{
	socklen_t len = sizeof(int);
	int error = -1;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

static int poll_for(int fd, int events, int ms)
{
	struct pollfd wait = { .fd = fd, .events = events };

	return poll(&wait, 1, ms) == 1 ? wait.revents : 0;
}

/* Messages */

TEST_F(channel, messages_of_0_bytes_to_the_limit)
{
	set_timeout(self->a, SO_SNDTIMEO, 200000);
	set_timeout(self->b, SO_RCVTIMEO, 200000);
	exchange_sizes(_metadata, self->a, self->b);
}

TEST_F(channel, each_flag)
{
	struct iovec iov = { .iov_len = 3 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	char buf[16];

	iov.iov_base = buf;
	REFUSED(EAGAIN, recv(self->b, buf, 16, MSG_DONTWAIT));
	/* The end of a record is that of each message, said or not. */
	ASSERT_EQ(5, send(self->a, "12345", 5, MSG_EOR));
	ASSERT_EQ(2, send(self->a, "67", 2, 0));
	EXPECT_EQ(3, recvmsg(self->b, &msg, MSG_PEEK));
	EXPECT_EQ(MSG_TRUNC | MSG_EOR, msg.msg_flags & (MSG_TRUNC | MSG_EOR));
	EXPECT_EQ(5, recvmsg(self->b, &msg, MSG_PEEK | MSG_TRUNC));
	EXPECT_EQ(3, recvmsg(self->b, &msg, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, "123", 3));
	/* Nothing of one is left over, two are never one. */
	EXPECT_EQ(2, recvmsg(self->b, &msg, MSG_WAITALL));
	EXPECT_EQ(MSG_EOR, msg.msg_flags & (MSG_TRUNC | MSG_EOR));
	EXPECT_EQ(0, memcmp(buf, "67", 2));
	REFUSED(EAGAIN, recv(self->b, buf, 16, MSG_DONTWAIT | MSG_WAITALL));
	REFUSED(EOPNOTSUPP, send(self->a, "x", 1, MSG_OOB));
	REFUSED(EOPNOTSUPP, recv(self->b, buf, 1, MSG_OOB));
}

TEST_F(channel, times_are_over)
{
	char buf[4];
	long start;

	set_timeout(self->b, SO_RCVTIMEO, 300);
	start = now_ms();
	REFUSED(EAGAIN, recv(self->b, buf, 4, 0));
	EXPECT_LE(290, now_ms() - start);
	EXPECT_EQ(1, send(self->a, "x", 1, 0));
	EXPECT_LT(0, poll_for(self->b, POLLIN, 20000));
	EXPECT_EQ(1, recv(self->b, buf, 4, 0));
}

/* A reader that does not read holds its peer up, and nothing is lost */
TEST_F(channel, a_full_queue_stops_the_sender)
{
	int small = 65536, sent = 0, quiet = 0, i;
	static char data[30000];

	setsockopt(self->a, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	setsockopt(self->b, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	while (quiet < 20 && sent < 2000) {
		memcpy(data, &sent, sizeof(sent));
		if (send(self->a, data, sizeof(data), MSG_DONTWAIT) > 0) {
			sent++;
			quiet = 0;
			continue;
		}
		ASSERT_EQ(EAGAIN, errno);
		quiet++;
		usleep(100000);
	}
	EXPECT_GT(2000, sent);
	EXPECT_EQ(0, poll_for(self->a, POLLOUT, 0));
	for (i = 0; i < sent; i++) {
		ASSERT_EQ((ssize_t)sizeof(data), recv(self->b, data,
						      sizeof(data), 0));
		ASSERT_EQ(0, memcmp(data, &i, sizeof(i)));
	}
	EXPECT_EQ(POLLOUT, poll_for(self->a, POLLOUT, 20000));
}

/* The ends of a channel */

TEST_F(channel, who_sends_no_more_may_still_read)
{
	char buf[4];

	EXPECT_EQ(0, shutdown(self->a, SHUT_WR));
	REFUSED(EPIPE, send(self->a, "x", 1, MSG_NOSIGNAL));
	/* The wire has no half of a Close: the peer is not told yet. */
	EXPECT_EQ(1, send(self->b, "y", 1, 0));
	EXPECT_EQ(1, recv(self->a, buf, 4, 0));
	EXPECT_EQ(0, poll_for(self->b, POLLIN | POLLRDHUP, 300));
	EXPECT_EQ(0, shutdown(self->a, SHUT_RD));
	EXPECT_EQ(0, recv(self->b, buf, 4, 0));
	EXPECT_EQ(0, socket_error(self->a));
}

TEST_F(channel, who_reads_no_more_may_still_send)
{
	char buf[4];

	EXPECT_EQ(1, send(self->b, "x", 1, 0));
	EXPECT_LT(0, poll_for(self->a, POLLIN, 20000));
	EXPECT_EQ(0, shutdown(self->a, SHUT_RD));
	EXPECT_EQ(POLLRDHUP, poll_for(self->a, POLLRDHUP, 0));
	EXPECT_EQ(1, recv(self->a, buf, 4, 0));
	EXPECT_EQ(0, recv(self->a, buf, 4, 0));
	EXPECT_EQ(1, send(self->a, "y", 1, 0));
	EXPECT_EQ(1, recv(self->b, buf, 4, 0));
	EXPECT_EQ(0, shutdown(self->a, SHUT_WR));
	EXPECT_EQ(0, recv(self->b, buf, 4, 0));
}

TEST_F(channel, what_was_sent_comes_before_the_end)
{
	struct epoll_event got, event = { .events = EPOLLRDHUP | EPOLLET };
	int edge = epoll_create1(0), i;
	char buf[8];

	EXPECT_EQ(0, epoll_ctl(edge, EPOLL_CTL_ADD, self->b, &event));
	EXPECT_EQ(0, epoll_wait(edge, &got, 1, 0));
	for (i = 0; i < 20; i++)
		ASSERT_EQ((ssize_t)sizeof(i), send(self->a, &i, sizeof(i), 0));
	close(self->a);
	do {
		ASSERT_EQ(1, epoll_wait(edge, &got, 1, 20000));
	} while (!(got.events & EPOLLRDHUP));
	EXPECT_EQ(EPOLLHUP, got.events & EPOLLHUP);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ((ssize_t)sizeof(i), recv(self->b, buf, 8, 0));
		ASSERT_EQ(0, memcmp(buf, &i, sizeof(i)));
	}
	EXPECT_EQ(0, recv(self->b, buf, 8, 0));
	EXPECT_EQ(0, socket_error(self->b));
	REFUSED(EPIPE, send(self->b, "x", 1, MSG_NOSIGNAL));
	close(edge);
	self->a = -1;
}

TEST_SIGNAL(a_closed_channel_is_a_broken_pipe, SIGPIPE)
{
	int server = listening("srv"), b, a = over_tcp_pair(server, &b);
	char buf[4];

	ASSERT_LE(0, a);
	close(b);
	ASSERT_EQ(0, recv(a, buf, 4, 0));
	send(a, "x", 1, 0);
}

/* Of the channels that begin here, those made by sockets of ours are all */
#define DELETE_CHANNELS							\
	"for c in $(ockamctl secure-channel list --at w |"		\
	" jq -r '.[] | select(.role == \"initiator\") | .address'); do"	\
	" ockamctl secure-channel delete $c --at w --yes > /dev/null; done"

/* Without the peer's word the end may be a cut: that is an error, once */
TEST_F(channel, an_end_without_the_peers_word_is_an_error)
{
	char buf[4];

	EXPECT_EQ(1, send(self->b, "x", 1, 0));
	EXPECT_LT(0, poll_for(self->a, POLLIN, 20000));
	ASSERT_EQ(0, system(DELETE_CHANNELS));
	EXPECT_EQ(POLLERR | POLLHUP, poll_for(self->a, 0, 20000));
	REFUSED(ECONNRESET, recv(self->a, buf, 4, 0));
	EXPECT_EQ(1, recv(self->a, buf, 4, 0));
	EXPECT_EQ(0, recv(self->a, buf, 4, 0));
	REFUSED(EPIPE, send(self->a, "x", 1, MSG_NOSIGNAL));
	/* The other end was told. */
	EXPECT_EQ(0, recv(self->b, buf, 4, 0));
	EXPECT_EQ(0, socket_error(self->b));
}

/* Opening */

static int connect_without_waiting(const struct sockaddr_ockam *to, int ms,
				   const void *ids)
{
	int fd = open_socket(SOCK_SEQPACKET);

	if (ms)
		setsockopt(fd, SOL_OCKAM, OCKAM_HANDSHAKE_TIMEOUT, &ms,
			   sizeof(ms));
	if (ids)
		setsockopt(fd, SOL_OCKAM, OCKAM_AUTHORIZED, ids, OCKAM_ID_LEN);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0)
		return -1;
	if (errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

TEST(connect_goes_on_while_nobody_waits)
{
	struct sockaddr_ockam to = over_tcp("srv"), nobody;
	int peer = silent_peer(&nobody), server = listening("srv"), fd, s;
	char buf[4];

	ASSERT_LE(0, server);
	ASSERT_LE(0, peer);
	fd = connect_without_waiting(&nobody, 0, NULL);
	ASSERT_LE(0, fd);
	REFUSED(ENOTCONN, send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	close(peer);
	/* The first hop is not connected either. */
	fd = connect_without_waiting(&to, 0, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(POLLOUT, poll_for(fd, POLLOUT, 20000));
	EXPECT_EQ(0, socket_error(fd));
	REFUSED(EISCONN, connect(fd, SA(to), sizeof(to)));
	s = accept(server, NULL, NULL);
	ASSERT_LE(0, s);
	EXPECT_EQ(1, send(fd, "x", 1, 0));
	EXPECT_EQ(1, recv(s, buf, 4, 0));
	close(fd);
	close(s);
	close(server);
}

/* What a connect that nobody waits for fails with; then it is over */
static int fails_with(const struct sockaddr_ockam *to, int ms, const void *ids)
{
	int fd = connect_without_waiting(to, ms, ids), error = -1;

	if (fd < 0)
		return -errno;
	if (poll_for(fd, POLLOUT, 60000) & POLLERR)
		error = socket_error(fd);
	if (socket_error(fd) || poll_for(fd, 0, 0) != POLLHUP ||
	    connect(fd, (const struct sockaddr *)to, sizeof(*to)) != -1 ||
	    errno != ECONNABORTED)
		error = -2;
	close(fd);
	return error;
}

TEST(connect_fails_while_nobody_waits)
{
	static const unsigned char stranger[OCKAM_ID_LEN] = { 4, 7, 1, 1 };
	struct sockaddr_ockam to = over_tcp("srv"), nobody;
	int peer = silent_peer(&nobody), server = listening("srv");
	long start = now_ms();
	int rc;

	ASSERT_LE(0, server);
	ASSERT_LE(0, peer);
	EXPECT_EQ(EKEYREJECTED, fails_with(&to, 0, stranger));
	EXPECT_EQ(ETIMEDOUT, fails_with(&nobody, 500, NULL));
	EXPECT_LE(490, now_ms() - start);
	close(peer);
	close(server);
	/* A port where nobody listens */
	peer = tcp_peer(&nobody, 1);
	ASSERT_LE(0, peer);
	close(peer);
	/* Over loopback the answer is there at once, or nearly so. */
	rc = fails_with(&nobody, 0, NULL);
	EXPECT_TRUE(rc == ECONNREFUSED || rc == -ECONNREFUSED)
		TH_LOG("%d", rc);
}

TEST(a_handshake_has_its_time)
{
	int fd = open_socket(SOCK_SEQPACKET), ms = 400;
	struct sockaddr_ockam to;
	int peer = silent_peer(&to);
	long start;

	ASSERT_LE(0, peer);
	ASSERT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_HANDSHAKE_TIMEOUT, &ms,
				sizeof(ms)));
	start = now_ms();
	REFUSED(ETIMEDOUT, connect(fd, SA(to), sizeof(to)));
	EXPECT_LE(390, now_ms() - start);
	EXPECT_GT(15000, now_ms() - start);
	EXPECT_EQ(0, socket_error(fd));
	REFUSED(ECONNABORTED, connect(fd, SA(to), sizeof(to)));
	close(fd);
	close(peer);
}

/* Who finds no room is closed again; who was first is not hurt */
TEST(the_backlog_is_a_bound)
{
	int server = open_socket(SOCK_SEQPACKET), fd[4], s[2], i, closed = 0;
	struct sockaddr_ockam so = name_addr("srv");
	char buf[4];

	ASSERT_EQ(0, bind(server, SA(so), sizeof(so)));
	ASSERT_EQ(0, listen(server, 1));	/* one more than it says waits */
	for (i = 0; i < 4; i++) {
		fd[i] = open_socket(SOCK_SEQPACKET);
		ASSERT_EQ(0, connect_name(fd[i], "srv"));
		/* Its place is taken when it is accepted or refused. */
		if (i > 1)
			closed += recv(fd[i], buf, 4, 0) == 0;
		else
			EXPECT_LT(0, poll_for(server, POLLIN, 20000));
	}
	EXPECT_EQ(2, closed);
	for (i = 0; i < 2; i++) {
		s[i] = accept(server, NULL, NULL);
		ASSERT_LE(0, s[i]);
		EXPECT_EQ(1, send(s[i], "x", 1, 0));
	}
	for (i = 0; i < 2; i++)
		EXPECT_EQ(1, recv(fd[i], buf, 4, 0));
	fcntl(server, F_SETFL, O_NONBLOCK);
	REFUSED(EAGAIN, accept(server, NULL, NULL));
	/* There is room again. */
	close(fd[3]);
	fd[3] = open_socket(SOCK_SEQPACKET);
	ASSERT_EQ(0, connect_name(fd[3], "srv"));
	EXPECT_LT(0, poll_for(server, POLLIN, 20000));
	for (i = 0; i < 4; i++)
		close(fd[i]);
	close(s[0]);
	close(s[1]);
	close(server);
}

/* Channels that wait for accept() end with the server */
TEST(closing_the_server_closes_who_waits)
{
	int server = listening("srv"), fd = open_socket(SOCK_SEQPACKET);
	char buf[4];

	ASSERT_LE(0, server);
	ASSERT_EQ(0, connect_name(fd, "srv"));
	EXPECT_LT(0, poll_for(server, POLLIN, 20000));
	close(server);
	EXPECT_EQ(0, recv(fd, buf, 4, 0));
	close(fd);
}

/* A channel in several hands */

TEST_F(channel, the_last_of_two_processes_closes_it)
{
	char buf[8];
	int status;

	if (!fork()) {
		close(self->b);
		if (recv(self->a, buf, 8, 0) != 1 || buf[0] != '1')
			_exit(1);
		_exit(send(self->a, "child", 5, 0) != 5);
	}
	EXPECT_EQ(1, send(self->b, "1", 1, 0));
	EXPECT_EQ(5, recv(self->b, buf, 8, 0));
	ASSERT_LT(0, wait(&status));
	EXPECT_EQ(0, status);
	/* It has ended; the parent goes on with the same channel. */
	EXPECT_EQ(6, send(self->a, "parent", 6, 0));
	EXPECT_EQ(6, recv(self->b, buf, 8, 0));
	EXPECT_EQ(1, send(self->b, "2", 1, 0));
	EXPECT_EQ(1, recv(self->a, buf, 8, 0));
	EXPECT_EQ('2', buf[0]);
	close(self->a);
	self->a = -1;
	EXPECT_EQ(0, recv(self->b, buf, 8, 0));
}

TEST(a_channel_is_passed_on_by_a_process_that_ends)
{
	int server = listening("srv"), pair[2], s, fd, status;
	unsigned char id[OCKAM_ID_LEN];
	socklen_t len = sizeof(id);
	char buf[8];

	ASSERT_LE(0, server);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	if (!fork()) {
		struct sockaddr_ockam to = over_tcp("srv");

		fd = open_socket(SOCK_SEQPACKET);
		if (connect(fd, SA(to), sizeof(to)))
			_exit(1);
		_exit(pass_fds(pair[0], &fd, 1) != 1);
	}
	s = accept(server, NULL, NULL);
	ASSERT_LE(0, s);
	ASSERT_LT(0, wait(&status));
	ASSERT_EQ(0, status);
	/* Nobody has it but the message in flight, and it lives. */
	EXPECT_EQ(2, send(s, "hi", 2, 0));
	fd = take_fd(pair[1]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(2, recv(fd, buf, 8, 0));
	EXPECT_EQ(3, send(fd, "you", 3, 0));
	EXPECT_EQ(3, recv(s, buf, 8, 0));
	EXPECT_EQ(0, getsockopt(fd, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, id, &len));
	close(fd);
	EXPECT_EQ(0, recv(s, buf, 8, 0));
	close(s);
	close(pair[0]);
	close(pair[1]);
	close(server);
}

/* A channel that ockamctl made */

static struct sockaddr_ockam channel_addr(struct route *route, const char *name)
{
	size_t len = route->len;
	struct sockaddr_ockam so;

	route_add(route, 0, name);
	so = make_addr(OCKAM_KIND_CHANNEL, route->hops, route->len);
	route->len = len;
	return so;
}

TEST(a_given_channel_is_used_and_stays)
{
	int b = worker("far"), a = open_socket(SOCK_SEQPACKET), round;
	unsigned char id[OCKAM_ID_LEN];
	struct sockaddr_ockam so, from;
	socklen_t len = sizeof(id);
	struct route route;
	char buf[8];

	ASSERT_EQ(0, given_channel(&route, "w", ""));
	ASSERT_EQ(0, expose_at_api("far"));
	so = channel_addr(&route, "far");
	for (round = 0; round < 2; round++) {
		a = open_socket(SOCK_SEQPACKET);
		ASSERT_EQ(0, connect(a, SA(so), sizeof(so)))
			TH_LOG("%s", strerror(errno));
		EXPECT_EQ(0, getsockopt(a, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, id,
					&len));
		REFUSED(EISCONN, connect(a, SA(so), sizeof(so)));
		EXPECT_EQ(4, send(a, "ping", 4, 0));
		len = sizeof(from);
		ASSERT_EQ(4, recvfrom(b, buf, 8, 0, SA(from), &len));
		EXPECT_EQ(4, sendto(b, "pong", 4, 0, SA(from), len));
		EXPECT_EQ(4, recv(a, buf, 8, 0));
		len = sizeof(id);
		/* The end of one user is not that of the channel. */
		if (round)
			EXPECT_EQ(0, shutdown(a, SHUT_RDWR));
		close(a);
	}
	a = open_socket(SOCK_SEQPACKET);
	ASSERT_EQ(0, connect(a, SA(so), sizeof(so)));
	ASSERT_EQ(0, system(DELETE_CHANNELS));
	REFUSED(ECONNRESET, recv(a, buf, 8, 0));
	EXPECT_EQ(0, recv(a, buf, 8, 0));
	close(a);
	close(b);
}

TEST(a_given_channel_is_refused)
{
	static const unsigned char stranger[OCKAM_ID_LEN] = { 3 };
	struct sockaddr_ockam so;
	struct route route, none = { .len = 0 };
	int fd = open_socket(SOCK_SEQPACKET);

	ASSERT_EQ(0, given_channel(&route, "w", ""));
	so = make_addr(OCKAM_KIND_CHANNEL, route.hops, route.len);
	REFUSED(EDESTADDRREQ, connect(fd, SA(so), sizeof(so)));
	so = channel_addr(&none, "x");
	REFUSED(EDESTADDRREQ, connect(fd, SA(so), sizeof(so)));
	route_add(&none, 0, "echo");
	so = channel_addr(&none, "x");
	REFUSED(ECONNREFUSED, connect(fd, SA(so), sizeof(so)));
	none.len = 0;
	route_add(&none, 0, "nobody");
	so = channel_addr(&none, "x");
	REFUSED(ECONNREFUSED, connect(fd, SA(so), sizeof(so)));
	so = channel_addr(&route, "echo");
	ASSERT_EQ(0, setsockopt(fd, SOL_OCKAM, OCKAM_AUTHORIZED, stranger,
				sizeof(stranger)));
	REFUSED(EKEYREJECTED, connect(fd, SA(so), sizeof(so)));
	close(fd);
	fd = open_socket(SOCK_DGRAM);
	REFUSED(EINVAL, connect(fd, SA(so), sizeof(so)));
	close(fd);
}

/* A member of a node may use what is the administrator's when it is shared */
TEST(a_given_channel_is_shared_or_not)
{
	struct sockaddr_ockam so;
	int shared, rc, fd;
	struct route route;

	ASSERT_EQ(0, system("ockamctl node create m --allow-group 4711-4711 > /dev/null 2>&1"));
	for (shared = 0; shared < 2; shared++) {
		ASSERT_EQ(0, given_channel(&route, "m",
					   shared ? "--shared" : ""));
		so = channel_addr(&route, "echo");
		if (!fork()) {
			if (setegid(4711) || seteuid(65534))
				_exit(1);
			fd = open_socket(SOCK_SEQPACKET);
			setsockopt(fd, SOL_OCKAM, OCKAM_NODE, "m", 2);
			rc = connect(fd, SA(so), sizeof(so)) ? errno : 0;
			if (rc || !shared)
				_exit(shared || rc != EACCES);
			_exit(send(fd, "x", 1, 0) != 1 ||
			      recv(fd, &rc, 4, 0) != 1);
		}
		ASSERT_LT(0, wait(&rc));
		EXPECT_EQ(0, rc) TH_LOG("shared %d", shared);
	}
	EXPECT_EQ(0, system("ockamctl node delete m > /dev/null"));
}
