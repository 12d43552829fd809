/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The socket family AF_OCKAM. */
#ifndef OCKAM_SOCK_H
#define OCKAM_SOCK_H

int ockam_sock_init(int family);	/* registers; 0: first free of the list */
void ockam_sock_exit(void);
int ockam_sock_family(void);		/* the number in use */

#endif /* OCKAM_SOCK_H */
