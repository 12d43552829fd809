// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A server for secure channels: channel_server NAME [IDENTIFIER...]. It says who
 * each peer is and sends each message back; only listed peers, if any are.
 */
#include <ockam.h>
#include <stdio.h>

#define PEERS_MAX	16

static char message[65536];

static void serve(int fd)
{
	unsigned char id[OCKAM_ID_LEN];
	char text[2 + 2 * OCKAM_ID_LEN];
	ssize_t len;

	if (ockam_peer(fd, id))
		return;
	ockam_identifier_text(text, id);
	printf("channel from %s\n", text);
	fflush(stdout);
	/* 0 is the peer's own end; a channel that was cut off is an error. */
	while ((len = recv(fd, message, sizeof(message), 0)) > 0)
		if (send(fd, message, len, MSG_NOSIGNAL) < 0)
			break;
	if (len < 0)
		perror("channel_server: recv");
}

int main(int argc, char **argv)
{
	static unsigned char ids[PEERS_MAX][OCKAM_ID_LEN];
	int count, server, fd;

	if (argc < 2 || argc > 2 + PEERS_MAX)
		return 2;
	for (count = 0; count < argc - 2; count++)
		if (ockam_identifier_parse(ids[count], argv[2 + count]))
			return 2;
	server = ockam_listen(NULL, argv[1], 16, ids, count);
	if (server < 0) {
		perror("channel_server");
		return 1;
	}
	while ((fd = accept(server, NULL, NULL)) >= 0) {
		serve(fd);
		close(fd);
	}
	perror("channel_server: accept");
	return 1;
}
