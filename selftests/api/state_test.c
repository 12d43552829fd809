// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Each call in each state of a channel's socket, and calls that race. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include "scene.h"

enum call {
	BIND, LISTEN, CONNECT, ACCEPT, GETPEERNAME, PEER_IDENTIFIER, SEND, RECV,
	AUTHORIZED, NODE, SHUTDOWN, CALLS
};

static const char * const call_names[CALLS] = {
	"bind", "listen", "connect", "accept", "getpeername",
	"OCKAM_PEER_IDENTIFIER", "send", "recv", "OCKAM_AUTHORIZED",
	"OCKAM_NODE", "shutdown",
};

/* 0, or the error; none of the calls waits */
static int try_call(int fd, enum call call)
{
	struct sockaddr_ockam so = name_addr("bound");
	socklen_t len = sizeof(so);
	char ids[OCKAM_ID_LEN] = {};
	int rc = -1;

	switch (call) {
	case BIND:
		rc = bind(fd, SA(so), sizeof(so));
		break;
	case LISTEN:
		rc = listen(fd, 1);
		break;
	case CONNECT:
		rc = connect_name(fd, "nobody");
		break;
	case ACCEPT:
		rc = accept(fd, NULL, NULL);
		break;
	case GETPEERNAME:
		rc = getpeername(fd, SA(so), &len);
		break;
	case PEER_IDENTIFIER:
		len = sizeof(ids);
		rc = getsockopt(fd, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, ids,
				&len);
		break;
	case SEND:
		rc = send(fd, "x", 1, MSG_NOSIGNAL);
		break;
	case RECV:
		rc = recv(fd, ids, 1, 0);
		break;
	case AUTHORIZED:
		rc = setsockopt(fd, SOL_OCKAM, OCKAM_AUTHORIZED, ids,
				sizeof(ids));
		break;
	case NODE:
		rc = setsockopt(fd, SOL_OCKAM, OCKAM_NODE, "w", 2);
		break;
	case SHUTDOWN:
		rc = shutdown(fd, SHUT_RDWR);
		break;
	case CALLS:
		break;
	}
	return rc < 0 ? errno : 0;
}

static int fresh(void)
{
	return socket(FAMILY, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
}

static int bound(void)
{
	int fd = fresh();

	return try_call(fd, BIND) ? -1 : fd;
}

/* Both ends of a channel; @server listens */
static int open_pair(int server, int *other)
{
	int fd = open_socket(SOCK_SEQPACKET);

	if (connect_name(fd, "srv"))
		return -1;
	*other = accept(server, NULL, NULL);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

#define EXPECT_CALLS(fd, wanted) do {					\
		int _call;						\
									\
		for (_call = 0; _call < CALLS; _call++)			\
			EXPECT_EQ((wanted)[_call], try_call(fd, _call))	\
				TH_LOG("%s", call_names[_call]);	\
	} while (0)

TEST(when_fresh_and_bound)
{
	static const int if_fresh[CALLS] = {
		0, EINVAL, ECONNREFUSED, EINVAL, ENOTCONN, ENOTCONN, ENOTCONN,
		ENOTCONN, 0, 0, ENOTCONN,
	};
	static const int if_bound[CALLS] = {
		EINVAL, 0, ECONNREFUSED, EINVAL, ENOTCONN, ENOTCONN, ENOTCONN,
		ENOTCONN, 0, EISCONN, ENOTCONN,
	};
	int call, fd;

	for (call = 0; call < CALLS; call++) {
		fd = fresh();
		EXPECT_EQ(if_fresh[call], try_call(fd, call))
			TH_LOG("%s", call_names[call]);
		close(fd);
		fd = bound();
		ASSERT_LE(0, fd);
		EXPECT_EQ(if_bound[call], try_call(fd, call))
			TH_LOG("%s", call_names[call]);
		close(fd);
	}
}

TEST(while_listening)
{
	static const int wanted[CALLS] = {
		EINVAL, 0, EINVAL, EAGAIN, ENOTCONN, ENOTCONN, ENOTCONN,
		ENOTCONN, EISCONN, EISCONN, ENOTCONN,
	};
	int fd = listening("srv");

	ASSERT_LE(0, fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	EXPECT_CALLS(fd, wanted);
	close(fd);
}

TEST(while_connecting)
{
	static const int wanted[CALLS] = {
		EINVAL, EINVAL, EALREADY, EINVAL, ENOTCONN, ENOTCONN, ENOTCONN,
		EAGAIN, EISCONN, EISCONN, ENOTCONN,
	};
	struct sockaddr_ockam to;
	int peer = silent_peer(&to), fd = open_socket(SOCK_SEQPACKET);

	ASSERT_LE(0, peer);
	set_timeout(fd, SO_SNDTIMEO, 1000);
	EXPECT_EQ(-1, connect(fd, SA(to), sizeof(to)));
	EXPECT_EQ(EINPROGRESS, errno);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	EXPECT_CALLS(fd, wanted);
	close(fd);
	close(peer);
}

TEST(when_open_and_closed)
{
	static const int when_open[CALLS] = {
		EINVAL, EINVAL, EISCONN, EINVAL, 0, 0, 0, EAGAIN, EISCONN,
		EISCONN, 0,
	};
	static const int when_closed[CALLS] = {
		EINVAL, EINVAL, ECONNABORTED, EINVAL, ENOTCONN, ENOTCONN, EPIPE,
		0, EISCONN, EISCONN, ENOTCONN,
	};
	int server = listening("srv"), a, b;
	struct pollfd wait;
	char byte;

	ASSERT_LE(0, server);
	a = open_pair(server, &b);
	ASSERT_LE(0, a);
	EXPECT_CALLS(a, when_open);
	/* What the last call shut down; what came before is still there. */
	EXPECT_CALLS(a, when_closed);
	EXPECT_EQ(1, recv(b, &byte, 1, 0));
	wait = (struct pollfd){ .fd = b, .events = POLLRDHUP };
	EXPECT_EQ(1, poll(&wait, 1, 20000));
	fcntl(b, F_SETFL, O_NONBLOCK);
	EXPECT_CALLS(b, when_closed);
	close(a);
	close(b);
	close(server);
}

static ssize_t send_through(int fd, const char *name)
{
	char space[CMSG_SPACE(64)] = {};
	struct iovec iov = { .iov_base = "p", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = space };
	struct cmsghdr *cmsg;

	msg.msg_controllen = CMSG_SPACE(2 + strlen(name));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_OCKAM;
	cmsg->cmsg_type = OCKAM_CM_ROUTE;
	cmsg->cmsg_len = CMSG_LEN(2 + strlen(name));
	CMSG_DATA(cmsg)[0] = 0;
	CMSG_DATA(cmsg)[1] = strlen(name);
	memcpy(CMSG_DATA(cmsg) + 2, name, strlen(name));
	return sendmsg(fd, &msg, 0);
}

/* What others send to its address is none of its peer's */
TEST(a_channel_hears_its_peer_alone)
{
	struct sockaddr_ockam to = name_addr("known");
	int server = listening("srv"), c = open_socket(SOCK_SEQPACKET), s;
	int other = open_socket(SOCK_DGRAM);
	char buf[4];

	ASSERT_LE(0, server);
	ASSERT_EQ(0, bind(c, SA(to), sizeof(to)));
	REFUSED(ECONNREFUSED, sendto(other, "x", 1, 0, SA(to), sizeof(to)));
	ASSERT_EQ(0, connect_name(c, "srv"));
	s = accept(server, NULL, NULL);
	ASSERT_LE(0, s);
	REFUSED(ECONNREFUSED, sendto(other, "x", 1, 0, SA(to), sizeof(to)));
	/* The peer reaches it by its address, too. */
	EXPECT_EQ(1, send_through(s, "known"));
	EXPECT_EQ(1, recv(c, buf, sizeof(buf), 0));
	EXPECT_EQ('p', buf[0]);
	REFUSED(EAGAIN, recv(c, buf, sizeof(buf), MSG_DONTWAIT));
	close(c);
	close(s);
	close(other);
	close(server);
}

struct race {
	int server, fd;
};

static void *race_connect(void *arg)
{
	connect_name(((struct race *)arg)->fd, "srv");
	return NULL;
}

static void *race_accept(void *arg)
{
	int fd = accept(((struct race *)arg)->server, NULL, NULL);

	if (fd >= 0)
		close(fd);
	return NULL;
}

static void *race_end(void *arg)
{
	int fd = ((struct race *)arg)->fd;

	usleep(random() % 20000);
	shutdown(fd, SHUT_RDWR);
	close(fd);
	return NULL;
}

/* Connect, accept and close of one channel at once, at varying moments */
TEST(connect_accept_and_close_race)
{
	void *(*const calls[])(void *) = { race_connect, race_accept,
					   race_end };
	struct race race = { .server = listening("srv") };
	pthread_t threads[3];
	int round, i, other;

	ASSERT_LE(0, race.server);
	fcntl(race.server, F_SETFL, O_NONBLOCK);
	for (round = 0; round < 30; round++) {
		race.fd = open_socket(SOCK_SEQPACKET);
		ASSERT_LE(0, race.fd);
		for (i = 0; i < 3; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, calls[i],
						    &race));
		for (i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
	}
	close(race.server);
	race.server = listening("srv");
	ASSERT_LE(0, race.server);
	i = open_pair(race.server, &other);
	EXPECT_LE(0, i);
	close(i);
	close(other);
	close(race.server);
}
