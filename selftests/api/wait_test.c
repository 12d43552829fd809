// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Waiting: poll and epoll, time-outs, signals, full buffers, shutdown. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include "scene.h"

static int poll_now(int fd, int events)
{
	struct pollfd wait = { .fd = fd, .events = events };

	return poll(&wait, 1, 0) == 1 ? wait.revents : 0;
}

static void on_alarm(int number)
{
	(void)number;
}

/* A signal after @ms; it goes on coming, for it may come before the call */
static void signal_soon(int ms, int flags)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	struct itimerval timer = {
		.it_value.tv_usec = ms * 1000, .it_interval.tv_sec = 1,
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void no_signal(void)
{
	struct itimerval timer = {};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Send until it would wait, to a peer that does not read; how often */
static int fill(int fd, const struct sockaddr_ockam *to)
{
	static char data[65536];
	int sent = 0, quiet = 0;

	/* What is charged may still go to TCP's own buffers. */
	while (quiet < 20 && sent < 1000) {
		if (sendto(fd, data, sizeof(data), MSG_DONTWAIT,
			   (struct sockaddr *)to, sizeof(*to)) > 0) {
			sent++;
			quiet = 0;
		} else if (errno != EAGAIN) {
			return -1;
		} else {
			quiet++;
			usleep(50000);
		}
	}
	return sent;
}

TEST(poll_says_what_a_call_would_do)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b");
	char buf[4];

	EXPECT_EQ(POLLOUT, poll_now(a, POLLIN | POLLOUT));
	EXPECT_EQ(POLLOUT, poll_now(b, POLLIN | POLLOUT));
	ASSERT_EQ(0, connect_name(a, "b"));
	EXPECT_EQ(0, send(a, "", 0, 0));
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(b, POLLIN | POLLOUT));
	EXPECT_EQ(0, recv(b, buf, 4, MSG_DONTWAIT));
	EXPECT_EQ(0, poll_now(b, POLLIN));
	close(a);
	close(b);
}

TEST(epoll_by_level_and_by_edge)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b"), edge, level, i;
	struct epoll_event got, event = { .events = EPOLLIN };
	char buf[4];

	ASSERT_EQ(0, connect_name(a, "b"));
	level = epoll_create1(0);
	edge = epoll_create1(0);
	EXPECT_EQ(0, epoll_ctl(level, EPOLL_CTL_ADD, b, &event));
	event.events |= EPOLLET;
	EXPECT_EQ(0, epoll_ctl(edge, EPOLL_CTL_ADD, b, &event));
	EXPECT_EQ(0, epoll_wait(edge, &got, 1, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(1, send(a, "x", 1, 0));
		EXPECT_EQ(1, epoll_wait(edge, &got, 1, 20000));
		EXPECT_EQ(EPOLLIN, got.events);
		EXPECT_EQ(0, epoll_wait(edge, &got, 1, 0));
		EXPECT_EQ(1, epoll_wait(level, &got, 1, 0));
		EXPECT_EQ(1, epoll_wait(level, &got, 1, 0));
	}
	EXPECT_EQ(1, recv(b, buf, 4, 0));
	EXPECT_EQ(1, epoll_wait(level, &got, 1, 0));
	EXPECT_EQ(0, epoll_wait(edge, &got, 1, 0));
	EXPECT_EQ(1, recv(b, buf, 4, 0));
	EXPECT_EQ(0, epoll_wait(level, &got, 1, 0));
	close(level);
	close(edge);
	close(a);
	close(b);
}

TEST(a_reader_waits_until_its_time_is_over)
{
	int b = worker("b");
	char buf[4];
	long start;

	set_timeout(b, SO_RCVTIMEO, 300);
	start = now_ms();
	REFUSED(EAGAIN, recv(b, buf, 4, 0));
	EXPECT_LE(290, now_ms() - start);
	fcntl(b, F_SETFL, O_NONBLOCK);
	set_timeout(b, SO_RCVTIMEO, 20000);
	start = now_ms();
	REFUSED(EAGAIN, recv(b, buf, 4, 0));
	EXPECT_GT(15000, now_ms() - start);
	close(b);
}

TEST(a_message_wakes_the_reader)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b");
	char buf[4];

	ASSERT_EQ(0, connect_name(a, "b"));
	if (!fork()) {
		usleep(300000);
		_exit(send(a, "x", 1, 0) != 1);
	}
	EXPECT_EQ(1, recv(b, buf, 4, 0));
	wait(NULL);
	close(a);
	close(b);
}

TEST(a_signal_ends_a_read)
{
	int b = worker("b");
	char buf[4];

	signal_soon(300, 0);
	REFUSED(EINTR, recv(b, buf, 4, 0));	/* with a time-out: always */
	set_timeout(b, SO_RCVTIMEO, 0);
	REFUSED(EINTR, recv(b, buf, 4, 0));
	no_signal();
	close(b);
}

TEST(a_full_send_buffer_makes_the_sender_wait)
{
	int a = open_socket(SOCK_DGRAM), small = 65536;
	static char data[65536];
	struct sockaddr_ockam to;
	int peer = silent_peer(&to);
	long start;

	ASSERT_LE(0, peer);
	setsockopt(a, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	ASSERT_EQ((ssize_t)sizeof(data), sendto(a, data, sizeof(data), 0,
						SA(to), sizeof(to)));
	EXPECT_LT(0, fill(a, &to));
	EXPECT_EQ(0, poll_now(a, POLLOUT));
	set_timeout(a, SO_SNDTIMEO, 300);
	start = now_ms();
	REFUSED(EAGAIN, sendto(a, data, sizeof(data), 0, SA(to), sizeof(to)));
	EXPECT_LE(290, now_ms() - start);
	set_timeout(a, SO_SNDTIMEO, 20000);
	signal_soon(300, 0);
	REFUSED(EINTR, sendto(a, data, sizeof(data), 0, SA(to), sizeof(to)));
	no_signal();
	close(a);
	close(peer);
}

TEST(shutdown_of_either_direction)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b"), c = worker("c");
	char buf[4];

	REFUSED(ENOTCONN, shutdown(a, SHUT_RDWR));
	ASSERT_EQ(0, connect_name(a, "b"));
	ASSERT_EQ(0, connect_name(b, "c"));
	REFUSED(EINVAL, shutdown(a, 3));
	REFUSED(EINVAL, shutdown(a, -1));
	EXPECT_EQ(0, shutdown(a, SHUT_WR));
	REFUSED(EPIPE, send(a, "x", 1, MSG_NOSIGNAL));
	REFUSED(EAGAIN, recv(a, buf, 4, MSG_DONTWAIT));
	/* What came before can be read, then it ends; new ones are refused. */
	ASSERT_EQ(0, connect_name(c, "b"));
	EXPECT_EQ(1, send(c, "x", 1, 0));
	EXPECT_EQ(0, shutdown(b, SHUT_RD));
	EXPECT_EQ(POLLRDHUP, poll_now(b, POLLRDHUP));
	REFUSED(ECONNREFUSED, send(c, "y", 1, 0));
	EXPECT_EQ(1, recv(b, buf, 4, 0));
	EXPECT_EQ(0, recv(b, buf, 4, 0));
	EXPECT_EQ(0, recv(b, buf, 4, MSG_DONTWAIT));
	EXPECT_EQ(1, send(b, "z", 1, 0));
	EXPECT_EQ(1, recv(c, buf, 4, 0));
	EXPECT_EQ(0, shutdown(b, SHUT_RDWR));
	EXPECT_EQ(POLLHUP, poll_now(b, 0));
	close(a);
	close(b);
	close(c);
}

TEST_SIGNAL(a_broken_pipe_is_a_signal_unless_asked_not_to, SIGPIPE)
{
	int a = open_socket(SOCK_DGRAM);

	ASSERT_EQ(0, connect_name(a, "echo"));
	ASSERT_EQ(0, shutdown(a, SHUT_WR));
	send(a, "x", 1, 0);
}

TEST(shutdown_wakes_the_reader)
{
	int b = worker("b");
	char buf[4];

	ASSERT_EQ(0, connect_name(b, "echo"));
	if (!fork()) {
		usleep(300000);
		_exit(shutdown(b, SHUT_RD));
	}
	EXPECT_EQ(0, recv(b, buf, 4, 0));
	wait(NULL);
	close(b);
}

/* The node goes while the socket stays: reads end, writes fail */
TEST(a_deleted_node_wakes_everybody)
{
	struct sockaddr_ockam echo = name_addr("echo");
	int b = open_socket(SOCK_DGRAM);
	char buf[4];

	ASSERT_EQ(0, system("ockamctl node create v > /dev/null 2>&1"));
	ASSERT_EQ(0, setsockopt(b, SOL_OCKAM, OCKAM_NODE, "v", 2));
	ASSERT_EQ(0, connect(b, SA(echo), sizeof(echo)));
	EXPECT_EQ(0, system("(sleep 1; ockamctl node delete v > /dev/null) &"));
	REFUSED(ENETDOWN, recv(b, buf, 4, 0));
	EXPECT_EQ(POLLHUP, poll_now(b, 0) & POLLHUP);
	REFUSED(EPIPE, send(b, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(0, recv(b, buf, 4, 0));
	close(b);
}

TEST(a_full_receive_queue_has_a_limit)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b"), size = 65536, sent = 0;
	static char data[4000];

	ASSERT_EQ(0, connect_name(a, "b"));
	ASSERT_EQ(0, setsockopt(b, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	while (sent < 10000 && send(a, data, sizeof(data), 0) > 0)
		sent++;
	EXPECT_EQ(ENOBUFS, errno);
	EXPECT_LT(4, sent);
	EXPECT_GE(2 * size / (int)sizeof(data), sent);
	/* Each one that was taken is there; then there is room again. */
	for (; sent; sent--)
		ASSERT_EQ((ssize_t)sizeof(data), recv(b, data, sizeof(data),
						      MSG_DONTWAIT));
	REFUSED(EAGAIN, recv(b, data, sizeof(data), MSG_DONTWAIT));
	EXPECT_EQ(1, send(a, "x", 1, 0));
	EXPECT_EQ(1, recv(b, data, sizeof(data), MSG_DONTWAIT));
	close(a);
	close(b);
}

TEST(an_accepting_socket_waits_is_woken_and_interrupted)
{
	int server = listening("srv"), c = open_socket(SOCK_SEQPACKET), s;
	struct epoll_event got, event = { .events = EPOLLIN | EPOLLET };
	int edge = epoll_create1(0);

	ASSERT_LE(0, server);
	set_timeout(server, SO_RCVTIMEO, 300);
	REFUSED(EAGAIN, accept(server, NULL, NULL));
	set_timeout(server, SO_RCVTIMEO, 0);
	signal_soon(300, 0);
	REFUSED(EINTR, accept(server, NULL, NULL));
	no_signal();
	REFUSED(EINVAL, accept(c, NULL, NULL));
	EXPECT_EQ(0, epoll_ctl(edge, EPOLL_CTL_ADD, server, &event));
	EXPECT_EQ(0, epoll_wait(edge, &got, 1, 0));
	ASSERT_EQ(0, connect_name(c, "srv"));
	EXPECT_EQ(1, epoll_wait(edge, &got, 1, 20000));
	EXPECT_EQ(POLLIN, poll_now(server, POLLIN | POLLOUT));
	s = accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ASSERT_LE(0, s);
	EXPECT_EQ(O_NONBLOCK, fcntl(s, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(FD_CLOEXEC, fcntl(s, F_GETFD));
	REFUSED(EAGAIN, recv(s, &got, 1, 0));
	EXPECT_EQ(0, poll_now(server, POLLIN));
	/* The end of a channel is an event at the other end. */
	event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
	EXPECT_EQ(0, epoll_ctl(edge, EPOLL_CTL_ADD, s, &event));
	EXPECT_EQ(0, epoll_wait(edge, &got, 1, 0));
	close(c);
	EXPECT_EQ(1, epoll_wait(edge, &got, 1, 20000));
	EXPECT_EQ(EPOLLRDHUP, got.events & EPOLLRDHUP);
	EXPECT_EQ(0, recv(s, &got, 1, 0));
	close(s);
	close(edge);
	close(server);
}

TEST(a_connecting_socket_is_interrupted_and_times_out)
{
	int c = open_socket(SOCK_SEQPACKET);
	struct sockaddr_ockam to;
	int peer = silent_peer(&to);
	long start = now_ms();

	ASSERT_LE(0, peer);
	set_timeout(c, SO_SNDTIMEO, 500);
	REFUSED(EINPROGRESS, connect(c, SA(to), sizeof(to)));
	EXPECT_GT(8000, now_ms() - start);
	set_timeout(c, SO_SNDTIMEO, 20000);
	signal_soon(300, 0);
	REFUSED(EINTR, connect(c, SA(to), sizeof(to)));
	no_signal();
	close(c);
	close(peer);
}

/* A TCP peer that does not answer, since its queue is full: @fd are in it */
static int deaf_peer(struct sockaddr_ockam *to, int fd[8])
{
	int peer = tcp_peer(to, 0), i;
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	if (peer < 0 || getsockname(peer, (struct sockaddr *)&in, &len))
		return -1;
	for (i = 0; i < 8; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd[i], (struct sockaddr *)&in, len);
	}
	return peer;
}

TEST(who_waits_for_a_connection_holds_no_other_sender)
{
	struct sockaddr_ockam to, echo = name_addr("echo");
	int fd[8], peer = deaf_peer(&to, fd), a = open_socket(SOCK_DGRAM), i;
	char buf[4];
	pid_t child;
	long start;

	ASSERT_LE(0, peer);
	ASSERT_EQ(2, sendto(a, "me", 2, 0, SA(echo), sizeof(echo)));
	child = fork();
	if (!child)
		_exit(sendto(a, "x", 1, 0, SA(to), sizeof(to)) == 1);
	usleep(500000);
	start = now_ms();
	EXPECT_EQ(2, sendto(a, "me", 2, MSG_DONTWAIT, SA(echo), sizeof(echo)));
	EXPECT_EQ(2, recv(a, buf, 4, 0));
	EXPECT_GT(4000, now_ms() - start);
	kill(child, SIGKILL);
	ASSERT_EQ(child, wait(NULL));
	for (i = 0; i < 8; i++)
		close(fd[i]);
	close(a);
	close(peer);
}

TEST(a_send_waits_for_its_connection_as_long_as_it_may)
{
	int a = open_socket(SOCK_DGRAM), i, fd[8];
	struct sockaddr_ockam to;
	int peer = deaf_peer(&to, fd);
	long start;

	ASSERT_LE(0, peer);
	REFUSED(EAGAIN, sendto(a, "x", 1, MSG_DONTWAIT, SA(to), sizeof(to)));
	set_timeout(a, SO_SNDTIMEO, 300);
	start = now_ms();
	REFUSED(EAGAIN, sendto(a, "x", 1, 0, SA(to), sizeof(to)));
	EXPECT_LE(290, now_ms() - start);
	EXPECT_GT(8000, now_ms() - start);
	set_timeout(a, SO_SNDTIMEO, 20000);
	signal_soon(300, 0);
	REFUSED(EINTR, sendto(a, "x", 1, 0, SA(to), sizeof(to)));
	no_signal();
	for (i = 0; i < 8; i++)
		close(fd[i]);
	close(a);
	close(peer);
}
