// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * libFuzzer targets, one for each decoder of the pure core that eats bytes of
 * a peer or a user: the name behind the last "-" of the program's chooses.
 */

#include "fuzz.h"

#define STEPS_MAX	200	/* hashes and signature checks for one input */

#define TARGET(name) { #name, fuzz_##name }

static const struct {
	const char *name;
	void (*run)(struct input *in);
} targets[] = {
	TARGET(cbor), TARGET(cbor_write), TARGET(route), TARGET(address),
	TARGET(transport), TARGET(inner), TARGET(envelope), TARGET(bare),
	TARGET(history), TARGET(compare), TARGET(attestation),
	TARGET(credential), TARGET(payload), TARGET(changes), TARGET(vouch),
	TARGET(noise), TARGET(noise_read), TARGET(handshake), TARGET(nonce),
	TARGET(slot), TARGET(ed25519), TARGET(multiaddr), TARGET(host_port),
	TARGET(client_route), TARGET(client_id),
};

static size_t chosen;
static unsigned int hashes;

enum sign_mode sign_mode;
unsigned int sign_checks;

void broken(const char *file, int line, const char *rule)
{
	fprintf(stderr, "broken rule: %s:%d: %s\n", file, line, rule);
	abort();
}

u64 take(struct input *in, int bytes)
{
	u64 value = 0;

	for (; bytes > 0; bytes--) {
		value = value << 8 | (in->left ? *in->at : 0);
		in->at += !!in->left;
		in->left -= !!in->left;
	}
	return value;
}

struct ockam_slice take_bytes(struct input *in, size_t len)
{
	struct ockam_slice part = { in->at, len < in->left ? len : in->left };

	in->at += part.len;
	in->left -= part.len;
	return part;
}

struct ockam_slice take_part(struct input *in)
{
	return take_bytes(in, take(in, 2));
}

u8 *copy_of(const void *data, size_t len)
{
	u8 *copy = malloc(len);

	if (len)
		memcpy(copy, data, len);
	return copy;
}

void put_bytes(struct out *out, const void *data, size_t len)
{
	must(len <= sizeof(out->data) - out->len);
	if (len)
		memcpy(out->data + out->len, data, len);
	out->len += len;
}

void put_byte(struct out *out, u8 byte)
{
	put_bytes(out, &byte, 1);
}

void put_head(struct out *out, u8 major, u64 value, u8 wide)
{
	int bytes = value < 24 ? 0 : value < 256 ? 1 : value < 65536 ? 2 :
		    value >> 32 ? 8 : 4;

	while (bytes < wide)
		bytes = bytes ? bytes * 2 : 1;
	put_byte(out, major << 5 | (!bytes ? value : bytes == 1 ? 24 :
				    bytes == 2 ? 25 : bytes == 4 ? 26 : 27));
	while (bytes--)
		put_byte(out, value >> (8 * bytes));
}

void put_string(struct out *out, const void *data, size_t len)
{
	put_head(out, 2, len, 0);
	put_bytes(out, data, len);
}

void sign(u8 sig[OCKAM_SIG_LEN], const struct ockam_public_key *key,
	  const u8 hash[OCKAM_HASH_LEN])
{
	for (int i = 0; i < OCKAM_HASH_LEN; i++) {
		sig[i] = key->key[i] ^ hash[i];
		sig[i + OCKAM_HASH_LEN] = hash[i] + key->key[i];
	}
}

static void step(void)
{
	must(hashes + sign_checks < STEPS_MAX);
}

int __wrap_ockam_sha256(u8 *out, const struct ockam_chunk *chunks,
			unsigned int count)
{
	hashes++;
	step();
	return __real_ockam_sha256(out, chunks, count);
}

static int stand_in(const u8 *key, size_t key_len, const u8 *hash,
		    const u8 *sig)
{
	struct ockam_public_key full = { 0 };
	u8 good[OCKAM_SIG_LEN];

	if (sign_mode == SIGN_LAX)
		return sig[0] == 0xff ? -EKEYREJECTED : 0;
	memcpy(full.key, key, key_len);
	sign(good, &full, hash);
	return memcmp(good, sig, sizeof(good)) ? -EKEYREJECTED : 0;
}

int __wrap_ockam_ed25519_verify(const u8 *key, const u8 *msg, size_t len,
				const u8 *sig)
{
	sign_checks++;
	step();
	if (sign_mode == SIGN_REAL)
		return __real_ockam_ed25519_verify(key, msg, len, sig);
	return stand_in(key, 32, msg, sig);
}

int __wrap_ockam_p256_verify(const u8 *key, const u8 *msg, size_t len,
			     const u8 *sig)
{
	sign_checks++;
	step();
	if (sign_mode == SIGN_REAL)
		return __real_ockam_p256_verify(key, msg, len, sig);
	return stand_in(key, OCKAM_P256_KEY_LEN, msg, sig);
}

int real_ed25519_verify(const u8 *key, const u8 *msg, size_t len,
			const u8 *sig)
{
	return __real_ockam_ed25519_verify(key, msg, len, sig);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = strrchr((*argv)[0], '-');

	if (*argc == 2 && !strcmp((*argv)[1], "--list")) {
		for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++)
			puts(targets[i].name);
		exit(0);
	}
	for (chosen = 0; chosen < sizeof(targets) / sizeof(*targets); chosen++)
		if (name && !strcmp(name + 1, targets[chosen].name))
			return 0;
	fputs("call me fuzz-TARGET\n", stderr);
	exit(2);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };

	hashes = 0;
	sign_checks = 0;
	sign_mode = SIGN_REAL;
	targets[chosen].run(&in);
	return 0;
}
