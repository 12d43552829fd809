// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A worker named "mirror": answers each message with the same bytes. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/ockam.h>

int main(void)
{
	struct sockaddr_ockam own = { .so_family = OCKAM_FAMILY_DEFAULT,
				      .so_kind = OCKAM_KIND_NAME,
				      .so_len = strlen("mirror") }, from;
	int fd = socket(OCKAM_FAMILY_DEFAULT, SOCK_DGRAM, 0);
	static char message[65536];
	socklen_t len;
	ssize_t size;

	memcpy(own.so_data, "mirror", own.so_len);
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own))) {
		perror("mirror");
		return 1;
	}
	for (;;) {
		len = sizeof(from);
		size = recvfrom(fd, message, sizeof(message), 0,
				(struct sockaddr *)&from, &len);
		if (size < 0 ||
		    sendto(fd, message, size, 0, (struct sockaddr *)&from,
			   len) < 0)
			perror("mirror");
		if (size < 0)
			return 1;
	}
}
