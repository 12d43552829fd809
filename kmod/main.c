// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The module: order of start and stop, parameters, description. */

#include <linux/module.h>
#include <net/genetlink.h>
#include "crypto.h"
#include "netlink.h"
#include "node.h"
#include "sock.h"
#include "stats.h"

static int family = OCKAM_FAMILY_DEFAULT;
module_param(family, int, 0444);
MODULE_PARM_DESC(family,
		 "number of the socket family; 0: first free of 18, 22, 14, 13");

static int __init ockam_init(void)
{
	int err;

	err = ockam_crypto_init();
	if (err)
		return err;
	err = ockam_net_init();
	if (err)
		goto err_crypto;
	err = ockam_netlink_init();
	if (err)
		goto err_net;
	err = ockam_sock_init(family);
	if (err) {
		pr_err("ockam: socket family %d: error %d; choose another with family=\n",
		       family, err);
		/* modprobe takes EEXIST for a module that is loaded already */
		if (err == -EEXIST)
			err = -EBUSY;
		goto err_netlink;
	}
	pr_info("ockam: version %s, socket family %d, cipher %s\n",
		THIS_MODULE->version, ockam_sock_family(),
		ockam_crypto_driver());
	return 0;

err_netlink:
	ockam_netlink_exit();
err_net:
	ockam_net_exit();
err_crypto:
	ockam_crypto_exit();
	return err;
}

static void __exit ockam_exit(void)
{
	ockam_sock_exit();
	ockam_netlink_exit();
	ockam_net_exit();
	ockam_crypto_exit();
	ockam_ledger_print();
}

module_init(ockam_init);
module_exit(ockam_exit);

MODULE_DESCRIPTION("Ockam: routing and end-to-end secure channels");
MODULE_AUTHOR("The Ockam for Linux authors");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("0.1");
MODULE_ALIAS_GENL_FAMILY("ockam");
