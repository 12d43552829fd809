/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Kernel types for the pure files when they are built in user space. */
#ifndef OCKAM_TOOLS_TYPES_H
#define OCKAM_TOOLS_TYPES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include_next <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;

#define U8_MAX	UINT8_MAX
#define U16_MAX	UINT16_MAX
#define U32_MAX	UINT32_MAX
#define U64_MAX	UINT64_MAX

#endif /* OCKAM_TOOLS_TYPES_H */
