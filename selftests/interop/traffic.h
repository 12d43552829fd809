/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Messages whose size and contents follow from their number. The upstream
 * node's side, node/src/traffic.rs, has the same mixture.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stddef.h>

/* Bytes that may be under way: what is sent and has not come back. */
#define TRAFFIC_WINDOW	(4u << 20)
#define TRAFFIC_LARGEST	(16u << 20)

struct traffic_random {
	unsigned int state;
};

static inline struct traffic_random traffic_random(unsigned int number)
{
	return (struct traffic_random){ number * 2654435761u + 1 };
}

static inline unsigned int traffic_next(struct traffic_random *random)
{
	random->state = random->state * 1664525u + 1013904223u;
	return random->state >> 8;
}

/* Mostly small; from nothing up to 1 MiB. */
static inline size_t traffic_size(unsigned int number)
{
	struct traffic_random random = traffic_random(number);
	unsigned int any = traffic_next(&random);

	if (number % 1000 == 10)
		return 1 << 20;
	if (number % 100 == 20)
		return any % 65536;
	if (number % 50 == 0)
		return 0;
	return any % (number % 10 == 5 ? 4096 : 256);
}

static inline void traffic_fill(unsigned int number, unsigned char *data,
				size_t size)
{
	struct traffic_random random = traffic_random(number);
	size_t i;

	for (i = 0; i < size; i++)
		data[i] = traffic_next(&random) >> 16;
}

/* What a message of @size bytes takes of the window. */
static inline size_t traffic_cost(size_t size)
{
	return size + 65536 < TRAFFIC_WINDOW ? size + 65536 : TRAFFIC_WINDOW;
}

#endif /* TRAFFIC_H */
