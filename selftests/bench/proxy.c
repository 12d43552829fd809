// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The plainest forwarding that there is: a TCP proxy that splices what one
 * connection brings into another one, one way.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/prctl.h>
#include <signal.h>
#include "bench.h"

#define PIECE	(1 << 20)

static void forward(int from, int to)
{
	int tube[2];
	ssize_t in, out;

	if (pipe(tube))
		err(1, "pipe");
	fcntl(tube[0], F_SETPIPE_SZ, PIECE);
	while ((in = splice(from, NULL, tube[1], NULL, PIECE, SPLICE_F_MOVE)) > 0) {
		for (; in > 0; in -= out) {
			out = splice(tube[0], NULL, to, NULL, in, SPLICE_F_MOVE);
			if (out <= 0)
				return;
		}
	}
}

int main(int argc, char **argv)
{
	int listener;

	if (argc != 3)
		errx(2, "usage: proxy LISTEN CONNECT");
	listener = tcp_listen(argv[1]);
	for (;;) {
		int from = accepted(listener);

		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			forward(from, tcp_connect(argv[2]));
			_exit(0);
		}
		close(from);
	}
}
