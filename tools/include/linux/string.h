/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* String functions for the pure files when they are built in user space. */
#ifndef OCKAM_TOOLS_STRING_H
#define OCKAM_TOOLS_STRING_H

#include <string.h>

#endif /* OCKAM_TOOLS_STRING_H */
