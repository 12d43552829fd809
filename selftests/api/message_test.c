// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Messages: sizes, flags, what splice sends, and what is not supported. */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include "scene.h"

FIXTURE(pair) {
	int a, b;	/* @a sends to @b */
};

FIXTURE_SETUP(pair)
{
	self->a = open_socket(SOCK_DGRAM);
	self->b = worker("b");
	ASSERT_LE(0, self->a);
	ASSERT_LE(0, self->b);
	ASSERT_EQ(0, connect_name(self->a, "b"));
}

FIXTURE_TEARDOWN(pair)
{
	close(self->a);
	close(self->b);
}

#undef TEST_F
#define TEST_F(fixture, name) TEST_F_TIMEOUT(fixture, name, 300)

TEST_F(pair, sizes_around_a_page_and_the_limit)
{
	exchange_sizes(_metadata, self->a, self->b);
}

TEST_F(pair, peek_and_truncation)
{
	struct iovec iov = { .iov_len = 3 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	char buf[16];

	iov.iov_base = buf;
	ASSERT_EQ(5, send(self->a, "12345", 5, 0));
	ASSERT_EQ(2, send(self->a, "67", 2, 0));
	EXPECT_EQ(3, recvmsg(self->b, &msg, MSG_PEEK));
	EXPECT_EQ(MSG_TRUNC, msg.msg_flags & MSG_TRUNC);
	EXPECT_EQ(5, recvmsg(self->b, &msg, MSG_PEEK | MSG_TRUNC));
	EXPECT_EQ(0, recv(self->b, buf, 0, MSG_PEEK));
	EXPECT_EQ(5, recv(self->b, buf, 0, MSG_PEEK | MSG_TRUNC));
	memset(buf, 'z', sizeof(buf));
	EXPECT_EQ(5, recv(self->b, buf, 3, MSG_TRUNC));
	EXPECT_EQ(0, memcmp(buf, "123zzzz", 7));
	/* The rest of a message is gone with it; none are joined. */
	EXPECT_EQ(2, recv(self->b, buf, 16, MSG_WAITALL));
	REFUSED(EAGAIN, recv(self->b, buf, 16, MSG_DONTWAIT | MSG_WAITALL));
	REFUSED(EAGAIN, recv(self->b, buf, 16, MSG_DONTWAIT | MSG_PEEK));
}

TEST_F(pair, a_message_of_nothing_is_a_message)
{
	char buf[4];

	EXPECT_EQ(0, send(self->a, NULL, 0, 0));
	EXPECT_EQ(0, send(self->a, "", 0, 0));
	EXPECT_EQ(1, write(self->a, "x", 1));
	EXPECT_EQ(0, recv(self->b, buf, 4, MSG_DONTWAIT));
	EXPECT_EQ(0, recv(self->b, buf, 4, MSG_DONTWAIT));
	EXPECT_EQ(1, read(self->b, buf, 4));
	REFUSED(EAGAIN, recv(self->b, buf, 4, MSG_DONTWAIT));
}

TEST_F(pair, many_pieces_are_one_message)
{
	char parts[100], buf[128];
	struct iovec iov[100];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 100 };
	struct mmsghdr many[3] = {};
	int i;

	for (i = 0; i < 100; i++) {
		parts[i] = i;
		iov[i] = (struct iovec){ parts + i, 1 };
	}
	EXPECT_EQ(100, sendmsg(self->a, &msg, 0));
	EXPECT_EQ(100, recv(self->b, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(parts, buf, 100));
	for (i = 0; i < 3; i++)
		many[i].msg_hdr = (struct msghdr){ .msg_iov = iov,
						   .msg_iovlen = i + 1 };
	EXPECT_EQ(3, sendmmsg(self->a, many, 3, 0));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i + 1, recv(self->b, buf, sizeof(buf), 0));
}

/* Each piece that splice brings is a message; the file's pages are not ours */
TEST_F(pair, sendfile_leaves_the_file_alone)
{
	char name[] = "/tmp/sendfile.XXXXXX", data[4096], buf[4096];
	int fd = mkstemp(name), i;
	off_t from = 0;

	for (i = 0; i < (int)sizeof(data); i++)
		data[i] = i * 3;
	ASSERT_EQ((ssize_t)sizeof(data), write(fd, data, sizeof(data)));
	ASSERT_EQ((ssize_t)sizeof(data), sendfile(self->a, fd, &from,
						  sizeof(data)));
	EXPECT_EQ((ssize_t)sizeof(data), recv(self->b, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(data, buf, sizeof(buf)));
	EXPECT_EQ((ssize_t)sizeof(data), pread(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(data, buf, sizeof(buf)));
	close(fd);
	unlink(name);
}

TEST_F(pair, bad_memory)
{
	char buf[4];

	REFUSED(EFAULT, send(self->a, (void *)8, 100, 0));
	EXPECT_EQ(1, send(self->a, "x", 1, 0));
	REFUSED(EFAULT, recv(self->b, (void *)8, 100, MSG_PEEK));
	EXPECT_EQ(1, recv(self->b, buf, 4, 0));
}

TEST_F(pair, what_is_not_supported)
{
	int fd[2];
	char buf[4];

	EXPECT_EQ(1, send(self->a, "x", 1, 0));
	REFUSED(EOPNOTSUPP, send(self->a, "x", 1, MSG_OOB));
	REFUSED(EOPNOTSUPP, recv(self->b, buf, 1, MSG_OOB));
	REFUSED(EAGAIN, recv(self->b, buf, 1, MSG_ERRQUEUE));
	REFUSED(EOPNOTSUPP, listen(self->a, 1));
	REFUSED(EOPNOTSUPP, accept(self->a, NULL, NULL));
	REFUSED(EOPNOTSUPP, socketpair(FAMILY, SOCK_DGRAM, 0, fd));
	REFUSED(ESOCKTNOSUPPORT, socket(FAMILY, SOCK_RAW, 0));
	REFUSED(ESOCKTNOSUPPORT, socket(FAMILY, SOCK_STREAM, 0));
	REFUSED(ESOCKTNOSUPPORT, socket(FAMILY, SOCK_RDM, 0));
	REFUSED(EPROTONOSUPPORT, socket(FAMILY, SOCK_DGRAM, 1));
	EXPECT_EQ(-1, ioctl(self->a, FIONREAD, fd));
	EXPECT_TRUE(errno == EOPNOTSUPP || errno == ENOTTY);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->a,
				   0));
	REFUSED(ESPIPE, lseek(self->a, 0, SEEK_SET));
	EXPECT_EQ(1, recv(self->b, buf, 4, 0));
}

/* Nothing of the kernel's memory behind what a call fills in */
TEST_F(pair, padding_is_zero)
{
	struct sockaddr_ockam from;
	socklen_t len = sizeof(from);
	char buf[4];
	size_t i;

	EXPECT_EQ(1, send(self->a, "x", 1, 0));
	memset(&from, 0xee, sizeof(from));
	EXPECT_EQ(1, recvfrom(self->b, buf, 4, 0, SA(from), &len));
	EXPECT_EQ(sizeof(from), len);
	for (i = from.so_len; i < OCKAM_SA_DATA; i++)
		EXPECT_EQ(0, from.so_data[i]);
	memset(&from, 0xee, sizeof(from));
	EXPECT_EQ(0, getpeername(self->a, SA(from), &len));
	for (i = from.so_len; i < OCKAM_SA_DATA; i++)
		EXPECT_EQ(0, from.so_data[i]);
}
