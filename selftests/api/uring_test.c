// SPDX-License-Identifier: GPL-2.0 OR MIT
/* io_uring on our sockets, by bare system calls. */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "scene.h"

#define ENTRIES	8
#define NOT_YET	(-4711)

struct ring {
	int fd;
	unsigned char *sq, *cq;
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
	int result[ENTRIES];	/* by the request's number */
};

static int ring_open(struct ring *ring)
{
	size_t sq, cq;
	int i;

	memset(ring, 0, sizeof(*ring));
	for (i = 0; i < ENTRIES; i++)
		ring->result[i] = NOT_YET;
	ring->fd = syscall(__NR_io_uring_setup, ENTRIES, &ring->p);
	if (ring->fd < 0)
		return -errno;
	sq = ring->p.sq_off.array + ring->p.sq_entries * sizeof(unsigned int);
	cq = ring->p.cq_off.cqes +
	     ring->p.cq_entries * sizeof(struct io_uring_cqe);
	ring->sq = mmap(NULL, sq, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring->fd,
			IORING_OFF_SQ_RING);
	ring->cq = mmap(NULL, cq, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring->fd,
			IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, ENTRIES * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	return ring->sq == MAP_FAILED || ring->cq == MAP_FAILED ||
	       ring->sqes == MAP_FAILED ? -ENOMEM : 0;
}

#define FIELD(base, offset) ((_Atomic unsigned int *)((base) + (offset)))

/* Hand one request in; @number finds its result */
static int submit(struct ring *ring, int number, int op, int fd,
		  const void *addr, unsigned int len, unsigned long long off)
{
	_Atomic unsigned int *tail = FIELD(ring->sq, ring->p.sq_off.tail);
	unsigned int mask = *FIELD(ring->sq, ring->p.sq_off.ring_mask);
	unsigned int at = *tail & mask;

	ring->sqes[at] = (struct io_uring_sqe){
		.opcode = op, .fd = fd, .addr = (unsigned long)addr,
		.len = len, .off = off, .user_data = number,
	};
	*FIELD(ring->sq, ring->p.sq_off.array + at * sizeof(unsigned int)) = at;
	atomic_store(tail, *tail + 1);
	return syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0);
}

static void reap(struct ring *ring)
{
	_Atomic unsigned int *head = FIELD(ring->cq, ring->p.cq_off.head);
	unsigned int mask = *FIELD(ring->cq, ring->p.cq_off.ring_mask);
	struct io_uring_cqe *cqes = (void *)(ring->cq + ring->p.cq_off.cqes);

	while (*head != atomic_load(FIELD(ring->cq, ring->p.cq_off.tail))) {
		struct io_uring_cqe *cqe = &cqes[*head & mask];

		ring->result[cqe->user_data] = cqe->res;
		atomic_store(head, *head + 1);
	}
}

/* The result of a request, at most 30 s later; forgotten afterwards */
static int result(struct ring *ring, int number)
{
	struct pollfd wait = { .fd = ring->fd, .events = POLLIN };
	long end = now_ms() + 30000;
	int got;

	for (;;) {
		reap(ring);
		got = ring->result[number];
		if (got != NOT_YET || now_ms() > end)
			break;
		poll(&wait, 1, 100);
	}
	ring->result[number] = NOT_YET;
	return got;
}

static void ring_close(struct ring *ring)
{
	close(ring->fd);
}

#define NEED_RING(ring) do {						\
		int _err = ring_open(ring);				\
		if (_err == -ENOSYS || _err == -EPERM)			\
			SKIP(return, "no io_uring here: %d", _err);	\
		ASSERT_EQ(0, _err);					\
	} while (0)

TEST(send_and_receive)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b");
	struct ring ring;
	char buf[8];

	NEED_RING(&ring);
	ASSERT_EQ(0, connect_name(a, "b"));
	/* The reader is there first and waits without a thread. */
	ASSERT_EQ(1, submit(&ring, 0, IORING_OP_RECV, b, buf, sizeof(buf), 0));
	reap(&ring);
	EXPECT_EQ(NOT_YET, ring.result[0]);
	ASSERT_EQ(1, submit(&ring, 1, IORING_OP_SEND, a, "hello", 5, 0));
	EXPECT_EQ(5, result(&ring, 1));
	EXPECT_EQ(5, result(&ring, 0));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	ring_close(&ring);
	close(a);
	close(b);
}

TEST(sendmsg_with_an_address_and_recvmsg_with_the_answer)
{
	struct sockaddr_ockam to = name_addr("uppercase"), from;
	char text[] = "\3abc", buf[8];
	struct iovec out = { text, 4 }, in = { buf, sizeof(buf) };
	struct msghdr tx = { .msg_name = &to, .msg_namelen = sizeof(to),
			     .msg_iov = &out, .msg_iovlen = 1 };
	struct msghdr rx = { .msg_name = &from, .msg_namelen = sizeof(from),
			     .msg_iov = &in, .msg_iovlen = 1 };
	int fd = open_socket(SOCK_DGRAM);
	struct ring ring;

	NEED_RING(&ring);
	ASSERT_EQ(1, submit(&ring, 0, IORING_OP_SENDMSG, fd, &tx, 1, 0));
	EXPECT_EQ(4, result(&ring, 0));
	ASSERT_EQ(1, submit(&ring, 1, IORING_OP_RECVMSG, fd, &rx, 1, 0));
	EXPECT_EQ(4, result(&ring, 1));
	EXPECT_EQ(0, memcmp(buf, "\3ABC", 4));
	EXPECT_EQ(OCKAM_KIND_ROUTE, from.so_kind);
	to = name_addr("nobody");
	ASSERT_EQ(1, submit(&ring, 2, IORING_OP_SENDMSG, fd, &tx, 1, 0));
	EXPECT_EQ(-ECONNREFUSED, result(&ring, 2));
	ring_close(&ring);
	close(fd);
}

TEST(accept_and_connect)
{
	int server = listening("srv"), c = socket(FAMILY, SOCK_SEQPACKET, 0), s;
	struct sockaddr_ockam to = name_addr("srv");
	struct ring ring;
	char buf[8];

	NEED_RING(&ring);
	ASSERT_LE(0, server);
	ASSERT_EQ(1, submit(&ring, 0, IORING_OP_ACCEPT, server, NULL, 0, 0));
	reap(&ring);
	EXPECT_EQ(NOT_YET, ring.result[0]);
	ASSERT_EQ(1, submit(&ring, 1, IORING_OP_CONNECT, c, &to, 0,
			    sizeof(to)));
	EXPECT_EQ(0, result(&ring, 1));
	s = result(&ring, 0);
	ASSERT_LE(0, s);
	ASSERT_EQ(1, submit(&ring, 2, IORING_OP_RECV, s, buf, sizeof(buf), 0));
	EXPECT_EQ(2, send(c, "hi", 2, 0));
	EXPECT_EQ(2, result(&ring, 2));
	/* The end of the channel completes who waits for more. */
	ASSERT_EQ(1, submit(&ring, 3, IORING_OP_RECV, s, buf, sizeof(buf), 0));
	close(c);
	EXPECT_EQ(0, result(&ring, 3));
	ring_close(&ring);
	close(s);
	close(server);
}

static int submit_poll(struct ring *ring, int number, int fd, int events)
{
	_Atomic unsigned int *tail = FIELD(ring->sq, ring->p.sq_off.tail);
	unsigned int mask = *FIELD(ring->sq, ring->p.sq_off.ring_mask);
	unsigned int at = *tail & mask;

	ring->sqes[at] = (struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD, .fd = fd,
		.poll32_events = events, .user_data = number,
	};
	*FIELD(ring->sq, ring->p.sq_off.array + at * sizeof(unsigned int)) = at;
	atomic_store(tail, *tail + 1);
	return syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0);
}

/* All of a channel's life: what it is asked comes in any order */
TEST(a_channel_by_the_ring)
{
	int server = listening("srv"), c = socket(FAMILY, SOCK_SEQPACKET, 0), s;
	struct sockaddr_ockam to = name_addr("srv");
	char out[8], in[8];
	struct ring ring;
	int i;

	NEED_RING(&ring);
	ASSERT_LE(0, server);
	ASSERT_EQ(1, submit_poll(&ring, 0, server, POLLIN));
	ASSERT_EQ(1, submit(&ring, 1, IORING_OP_CONNECT, c, &to, 0,
			    sizeof(to)));
	EXPECT_EQ(0, result(&ring, 1));
	EXPECT_EQ(POLLIN, result(&ring, 0));
	ASSERT_EQ(1, submit(&ring, 0, IORING_OP_ACCEPT, server, NULL, 0, 0));
	s = result(&ring, 0);
	ASSERT_LE(0, s);
	for (i = 0; i < 100; i++) {	/* crosses rekeys */
		int from = i % 2 ? s : c, other = i % 2 ? c : s;

		memset(out, i, sizeof(out));
		ASSERT_EQ(1, submit_poll(&ring, 2, other, POLLIN));
		ASSERT_EQ(1, submit(&ring, 3, IORING_OP_RECV, other, in,
				    sizeof(in), 0));
		reap(&ring);
		ASSERT_EQ(NOT_YET, ring.result[2]);
		ASSERT_EQ(NOT_YET, ring.result[3]);
		ASSERT_EQ(1, submit(&ring, 4, IORING_OP_SEND, from, out,
				    sizeof(out), 0));
		ASSERT_EQ((int)sizeof(out), result(&ring, 4));
		ASSERT_EQ((int)sizeof(in), result(&ring, 3));
		ASSERT_EQ(POLLIN, result(&ring, 2));
		ASSERT_EQ(0, memcmp(in, out, sizeof(in)));
	}
	ASSERT_EQ(1, submit_poll(&ring, 2, s, POLLRDHUP));
	reap(&ring);
	ASSERT_EQ(NOT_YET, ring.result[2]);
	close(c);
	EXPECT_EQ(POLLRDHUP, result(&ring, 2) & POLLRDHUP);
	ASSERT_EQ(1, submit(&ring, 3, IORING_OP_SEND, s, out, 1, 0));
	EXPECT_EQ(-EPIPE, result(&ring, 3));
	ring_close(&ring);
	close(s);
	close(server);
}

TEST(a_connect_that_fails_in_the_ring)
{
	static const unsigned char stranger[OCKAM_ID_LEN] = { 8 };
	int server = listening("srv"), c = socket(FAMILY, SOCK_SEQPACKET, 0);
	struct sockaddr_ockam to = name_addr("srv");
	struct ring ring;

	NEED_RING(&ring);
	ASSERT_LE(0, server);
	ASSERT_EQ(0, setsockopt(c, SOL_OCKAM, OCKAM_AUTHORIZED, stranger,
				sizeof(stranger)));
	ASSERT_EQ(1, submit(&ring, 0, IORING_OP_CONNECT, c, &to, 0,
			    sizeof(to)));
	EXPECT_EQ(-EKEYREJECTED, result(&ring, 0));
	/* One that waits in vain goes with the ring. */
	ASSERT_EQ(1, submit(&ring, 1, IORING_OP_ACCEPT, server, NULL, 0, 0));
	ring_close(&ring);
	close(c);
	close(server);
}

TEST(a_ring_that_closes_cancels_what_waits)
{
	int a = open_socket(SOCK_DGRAM), b = worker("b");
	struct ring ring;
	char buf[8];

	NEED_RING(&ring);
	ASSERT_EQ(0, connect_name(a, "b"));
	ASSERT_EQ(1, submit(&ring, 0, IORING_OP_RECV, b, buf, sizeof(buf), 0));
	ASSERT_EQ(1, submit(&ring, 1, IORING_OP_RECV, b, buf, sizeof(buf), 0));
	/* The ring goes with requests that still wait on the socket. */
	ring_close(&ring);
	close(b);
	close(a);
}
