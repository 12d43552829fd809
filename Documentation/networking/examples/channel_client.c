// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A client: channel_client ROUTE TEXT [IDENTIFIER]. It opens a channel, says who
 * the peer is, sends the text and prints the answer; no other peer, if one is
 * given.
 */
#include <ockam.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	unsigned char id[OCKAM_ID_LEN];
	char text[2 + 2 * OCKAM_ID_LEN];
	static char answer[65536];
	ssize_t len;
	int fd;

	if (argc < 3 || argc > 4 ||
	    (argc == 4 && ockam_identifier_parse(id, argv[3])))
		return 2;
	fd = ockam_connect(NULL, argv[1], SOCK_SEQPACKET, id, argc - 3);
	if (fd < 0 || ockam_peer(fd, id)) {
		perror("channel_client");
		return 1;
	}
	ockam_identifier_text(text, id);
	printf("channel to %s\n", text);
	len = send(fd, argv[2], strlen(argv[2]), 0);
	if (len >= 0)
		len = recv(fd, answer, sizeof(answer), 0);
	if (len < 0) {
		perror("channel_client");
		return 1;
	}
	printf("%.*s\n", (int)len, answer);
	close(fd);
	return 0;
}
