// SPDX-License-Identifier: GPL-2.0 OR MIT
/* One socket in several hands: dup, fork, SCM_RIGHTS, and cycles of those. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "scene.h"

TEST(the_last_close_gives_the_name_back)
{
	struct sockaddr_ockam so = name_addr("held");
	int a = worker("held"), b = dup(a), other = open_socket(SOCK_DGRAM);
	char buf[4];

	close(a);
	REFUSED(EADDRINUSE, bind(other, SA(so), sizeof(so)));
	EXPECT_EQ(1, sendto(other, "x", 1, 0, SA(so), sizeof(so)));
	EXPECT_EQ(1, recv(b, buf, 4, 0));
	close(b);
	REFUSED(ECONNREFUSED, sendto(other, "x", 1, 0, SA(so), sizeof(so)));
	b = worker("held");
	EXPECT_LE(0, b);
	close(b);
	close(other);
}

TEST(a_child_process_uses_the_socket_of_its_parent)
{
	int fd = worker("held"), other = open_socket(SOCK_DGRAM), status;
	struct sockaddr_ockam so = name_addr("held");
	char buf[4];

	ASSERT_EQ(0, connect_name(other, "held"));
	if (!fork()) {
		close(other);
		_exit(recv(fd, buf, 4, 0) != 1 ||
		      sendto(fd, "y", 1, 0, SA(so), sizeof(so)) != 1);
	}
	EXPECT_EQ(1, send(other, "x", 1, 0));
	EXPECT_LT(0, wait(&status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, recv(fd, buf, 4, 0));
	EXPECT_EQ('y', buf[0]);
	close(fd);
	close(other);
}

TEST(a_socket_is_passed_to_another_process)
{
	int pair[2], fd = worker("held"), other = open_socket(SOCK_DGRAM);
	char buf[4];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_EQ(0, connect_name(other, "held"));
	ASSERT_EQ(1, pass_fds(pair[0], &fd, 1));
	close(fd);
	/* In flight it keeps its name and its queue. */
	EXPECT_EQ(1, send(other, "x", 1, 0));
	fd = take_fd(pair[1]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, recv(fd, buf, 4, 0));
	close(fd);
	REFUSED(ECONNREFUSED, send(other, "x", 1, 0));
	close(other);
	close(pair[0]);
	close(pair[1]);
}

/* Passed through a pair that is itself in flight, then all are closed */
TEST(a_cycle_in_flight_is_collected)
{
	struct sockaddr_ockam so = name_addr("cycle");
	int other = open_socket(SOCK_DGRAM), i;

	for (i = 0; i < 20; i++) {
		int pair[2], fds[3] = { worker("cycle") };
		long end = now_ms() + 60000;

		ASSERT_LE(0, fds[0]) TH_LOG("round %d", i);
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		fds[1] = pair[0];
		fds[2] = pair[1];
		ASSERT_EQ(1, pass_fds(pair[0], fds, 3));
		ASSERT_EQ(1, pass_fds(pair[1], fds, 3));
		close(fds[0]);
		close(pair[0]);
		close(pair[1]);
		do {
			usleep(1000);
			/* Closing a socket of that family starts the search. */
			close(socket(AF_UNIX, SOCK_STREAM, 0));
			errno = 0;
			sendto(other, "x", 1, 0, SA(so), sizeof(so));
		} while (errno != ECONNREFUSED && now_ms() < end);
		REFUSED(ECONNREFUSED, sendto(other, "x", 1, 0, SA(so),
					     sizeof(so)));
	}
	close(other);
}

/* Rights that a sender attaches to a message of ours go nowhere */
TEST(no_rights_travel_in_our_messages)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b");

	ASSERT_EQ(0, connect_name(a, "b"));
	EXPECT_EQ(1, pass_fds(a, &b, 1));
	EXPECT_EQ(-1, take_fd(b));
	close(a);
	close(b);
}

static void *race_bind(void *arg)
{
	struct sockaddr_ockam so = name_addr("race");

	return (void *)(long)!bind(*(int *)arg, SA(so), sizeof(so));
}

static void *race_send(void *arg)
{
	struct sockaddr_ockam so = name_addr("echo");

	sendto(*(int *)arg, "x", 1, MSG_DONTWAIT, SA(so), sizeof(so));
	return NULL;
}

static void *race_close(void *arg)
{
	close(*(int *)arg);
	return NULL;
}

static void *race_recv(void *arg)
{
	char buf[4];

	recv(*(int *)arg, buf, 4, MSG_DONTWAIT);
	return NULL;
}

/* bind, send, receive and close of one socket at once: one of them wins */
TEST(calls_race_on_one_socket)
{
	void *(*const calls[])(void *) = { race_bind, race_send, race_recv,
					   race_bind, race_close };
	struct sockaddr_ockam so = name_addr("race");
	pthread_t threads[5];
	int fd, round, i;

	for (round = 0; round < 300; round++) {
		fd = open_socket(SOCK_DGRAM);
		ASSERT_LE(0, fd);
		for (i = 0; i < 5; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, calls[i],
						    &fd));
		for (i = 0; i < 5; i++)
			pthread_join(threads[i], NULL);
	}
	fd = open_socket(SOCK_DGRAM);
	EXPECT_EQ(0, bind(fd, SA(so), sizeof(so)));
	close(fd);
}
