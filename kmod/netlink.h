/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Generic netlink family "ockam": configuration, dumps, events. */
#ifndef OCKAM_NETLINK_H
#define OCKAM_NETLINK_H

int ockam_netlink_init(void);
void ockam_netlink_exit(void);

#endif /* OCKAM_NETLINK_H */
