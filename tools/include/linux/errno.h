/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Error numbers for the pure files when they are built in user space. */
#ifndef OCKAM_TOOLS_ERRNO_H
#define OCKAM_TOOLS_ERRNO_H

#include_next <linux/errno.h>

#endif /* OCKAM_TOOLS_ERRNO_H */
