// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Is a secret in the machine's memory? "memory_search KEYS" reads all of it
 * through /proc/kcore and looks for each half of each secret in KEYS, a copy of
 * debugfs's ockam/keys. Exits 0 when nothing was found, 1 when something was.
 *
 * The secrets are inverted in KEYS and here, too, and the memory is compared
 * inverted: the search must not find itself. What a pass has read is wiped, so
 * that the next one does not find it.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HALF		16		/* bytes that count as a find */
#define CHUNK		(1 << 20)
#define PAGE		4096UL
#define FILTER_BITS	22
#define SHOWN		20		/* finds to describe */
#define KERNEL_TEXT	0xffffffff80000000UL	/* a second view of memory */

struct entry {
	uint32_t kind;
	uint8_t inverted[2 * HALF];
};

/* Four bytes of a half, from which a find at any address is recognised. */
struct needle {
	uint32_t window;
	uint32_t entry;
	uint8_t at;			/* of the window in the secret */
};

#define KINDS	5

static const char * const kinds[KINDS] = {
	"?", "key", "chaining-key", "x25519-secret", "x25519-result"
};

static struct entry *entries;
static struct needle *needles;
static size_t entry_count, needle_count, found;
static uint32_t filter[1 << (FILTER_BITS - 5)];
static uint8_t buffer[CHUNK + 2 * HALF];
static uint8_t *hit;			/* for each secret: it was found */

static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t hash(uint32_t window)
{
	return window * 0x9e3779b1u >> (32 - FILTER_BITS);
}

static int by_window(const void *a, const void *b)
{
	uint32_t x = ((const struct needle *)a)->window;
	uint32_t y = ((const struct needle *)b)->window;

	return x < y ? -1 : x > y;
}

static void add_needles(uint32_t number)
{
	static const uint8_t places[] = { 0, 1, 2, 3, 16, 17, 18, 19 };

	for (size_t i = 0; i < sizeof(places); i++) {
		struct needle *needle = &needles[needle_count++];

		needle->at = places[i];
		needle->entry = number;
		needle->window = word(entries[number].inverted + places[i]);
		filter[hash(needle->window) / 32] |=
			1u << hash(needle->window) % 32;
	}
}

static int read_keys(const char *name)
{
	int fd = open(name, O_RDONLY);
	struct stat about;

	if (fd < 0 || fstat(fd, &about))
		return -1;
	entries = malloc(about.st_size + 1);
	if (!entries || read(fd, entries, about.st_size) != about.st_size)
		return -1;
	close(fd);
	while ((entry_count + 1) * sizeof(*entries) <= (size_t)about.st_size &&
	       entries[entry_count].kind)
		entry_count++;
	needles = calloc(entry_count + 1, 8 * sizeof(*needles));
	hit = calloc(entry_count + 1, 1);
	if (!needles || !hit)
		return -1;
	for (size_t i = 0; i < entry_count; i++)
		add_needles(i);
	qsort(needles, needle_count, sizeof(*needles), by_window);
	return 0;
}

/* What the page is used for, see Documentation/admin-guide/mm/pagemap.rst. */
static uint64_t page_flags(uint64_t where)
{
	uint64_t flags = 0;
	int fd = open("/proc/kpageflags", O_RDONLY);

	if (fd >= 0 && pread(fd, &flags, 8, where / PAGE * 8) != 8)
		flags = 0;
	close(fd);
	return flags;
}

static void report(const struct needle *needle, uint64_t where)
{
	const struct entry *entry = &entries[needle->entry];

	hit[needle->entry] = 1;
	if (found++ < SHOWN)
		printf("# found: %s no. %u, byte %d, at %#llx, page flags %#llx\n",
		       kinds[entry->kind % KINDS], needle->entry,
		       needle->at & HALF, (unsigned long long)where,
		       (unsigned long long)page_flags(where));
}

/* The window is there; is the half around it? */
static void check(const uint8_t *at, uint64_t where, uint32_t window)
{
	struct needle wanted = { .window = window }, *needle;
	uint8_t differ;

	needle = bsearch(&wanted, needles, needle_count, sizeof(*needles),
			 by_window);
	if (!needle)
		return;
	while (needle > needles && needle[-1].window == window)
		needle--;
	for (; needle < needles + needle_count && needle->window == window;
	     needle++) {
		const uint8_t *half = entries[needle->entry].inverted +
				      (needle->at & HALF);
		int back = needle->at % HALF;

		differ = 0;
		for (int i = 0; i < HALF; i++)
			differ |= half[i] ^ (uint8_t)~at[i - back];
		if (!differ)
			report(needle, where - back);
	}
}

/* @len bytes behind the first HALF of the buffer, with HALF more behind them */
static void search(uint64_t where, size_t len)
{
	for (size_t i = 0; i < len; i += 4) {
		const uint8_t *at = buffer + HALF + i;
		uint32_t window = ~word(at), h = hash(window);

		if (filter[h / 32] >> h % 32 & 1)
			check(at, where + i, window);
	}
}

static void search_segment(int core, const Elf64_Phdr *segment)
{
	for (size_t at = 0; at < segment->p_filesz; at += CHUNK) {
		size_t before = at ? HALF : 0, len = segment->p_filesz - at;
		size_t behind = len > CHUNK ? HALF : 0;

		if (len > CHUNK)
			len = CHUNK;
		explicit_bzero(buffer, sizeof(buffer));
		if (pread(core, buffer + HALF - before, before + len + behind,
			  segment->p_offset + at - before) < 0)
			continue;	/* no memory there */
		search(segment->p_paddr + at, len);
	}
	/* The kernel's own buffer for reading keeps the last page: no secret. */
	if (pread(core, buffer, PAGE, segment->p_offset) < 0)
		perror("kcore");
	explicit_bzero(buffer, sizeof(buffer));
}

static int search_all(size_t *bytes)
{
	int core = open("/proc/kcore", O_RDONLY);
	Elf64_Ehdr head;
	Elf64_Phdr segment;

	if (core < 0 || pread(core, &head, sizeof(head), 0) != sizeof(head))
		return -1;
	for (int i = 0; i < head.e_phnum; i++) {
		if (pread(core, &segment, sizeof(segment), head.e_phoff +
			  i * sizeof(segment)) != sizeof(segment))
			return -1;
		/* Only what is memory, in the kernel's own map of all of it. */
		if (segment.p_type != PT_LOAD ||
		    segment.p_paddr == UINT64_MAX ||
		    segment.p_vaddr >= KERNEL_TEXT)
			continue;
		search_segment(core, &segment);
		*bytes += segment.p_filesz;
	}
	close(core);
	return 0;
}

int main(int argc, char **argv)
{
	size_t bytes = 0, secrets[KINDS] = { 0 };

	if (argc != 2 || read_keys(argv[1])) {
		fprintf(stderr, "usage: memory_search KEYS\n");
		return 2;
	}
	if (search_all(&bytes) || !bytes) {
		perror("/proc/kcore");
		return 2;
	}
	for (size_t i = 0; i < entry_count; i++)
		secrets[entries[i].kind % KINDS] += hit[i];
	printf("%zu MB searched for %zu secrets; found in %zu places:",
	       bytes >> 20, entry_count, found);
	for (int i = 1; i < KINDS; i++)
		printf(" %s %zu", kinds[i], secrets[i]);
	putchar('\n');
	return !!found;
}
