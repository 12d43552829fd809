/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the targets share: rules, the input, an encoder, stand-ins. */
#ifndef OCKAM_FUZZ_H
#define OCKAM_FUZZ_H

#include <linux/errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ident.h"

/* A rule that holds for any input. */
#define must(holds) do {						\
	if (!(holds))							\
		broken(__FILE__, __LINE__, #holds);			\
} while (0)

void broken(const char *file, int line, const char *rule)
	__attribute__((noreturn));

/* The input, from which a target takes numbers and parts; 0 at its end. */
struct input {
	const u8 *at;
	size_t left;
};

u64 take(struct input *in, int bytes);
struct ockam_slice take_bytes(struct input *in, size_t len);
/* Its length in two bytes, then the part, cut to what is left. */
struct ockam_slice take_part(struct input *in);

/* Memory of exactly this size, so that a sanitizer sees every overrun. */
u8 *copy_of(const void *data, size_t len);

/* An encoder of its own, which also writes what canonical CBOR forbids. */
struct out {
	u8 data[32768];
	size_t len;
};

void put_bytes(struct out *out, const void *data, size_t len);
/* @wide: bytes of the number behind the head, at least what it needs. */
void put_head(struct out *out, u8 major, u64 value, u8 wide);
void put_string(struct out *out, const void *data, size_t len);
void put_byte(struct out *out, u8 byte);

/* What a signature check says; each mode counts the checks. */
enum sign_mode {
	SIGN_REAL,
	SIGN_LAX,	/* good unless its first byte is 0xff */
	SIGN_MODEL,	/* good when sign() made it */
};

extern enum sign_mode sign_mode;
extern unsigned int sign_checks;
void sign(u8 sig[OCKAM_SIG_LEN], const struct ockam_public_key *key,
	  const u8 hash[OCKAM_HASH_LEN]);
int real_ed25519_verify(const u8 *key, const u8 *msg, size_t len,
			const u8 *sig);

/* What libFuzzer calls, and what the linker puts around functions. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int __real_ockam_sha256(u8 *out, const struct ockam_chunk *chunks,
			unsigned int count);
int __wrap_ockam_sha256(u8 *out, const struct ockam_chunk *chunks,
			unsigned int count);
int __real_ockam_ed25519_verify(const u8 *key, const u8 *msg, size_t len,
				const u8 *sig);
int __wrap_ockam_ed25519_verify(const u8 *key, const u8 *msg, size_t len,
				const u8 *sig);
int __real_ockam_p256_verify(const u8 *key, const u8 *msg, size_t len,
			     const u8 *sig);
int __wrap_ockam_p256_verify(const u8 *key, const u8 *msg, size_t len,
			     const u8 *sig);

/* The targets; main.c names them. */
void fuzz_cbor(struct input *in);
void fuzz_cbor_write(struct input *in);
void fuzz_route(struct input *in);
void fuzz_address(struct input *in);
void fuzz_transport(struct input *in);
void fuzz_inner(struct input *in);
void fuzz_envelope(struct input *in);
void fuzz_bare(struct input *in);
void fuzz_history(struct input *in);
void fuzz_compare(struct input *in);
void fuzz_attestation(struct input *in);
void fuzz_credential(struct input *in);
void fuzz_payload(struct input *in);
void fuzz_changes(struct input *in);
void fuzz_vouch(struct input *in);
void fuzz_noise(struct input *in);
void fuzz_noise_read(struct input *in);
void fuzz_handshake(struct input *in);
void fuzz_nonce(struct input *in);
void fuzz_slot(struct input *in);
void fuzz_ed25519(struct input *in);
void fuzz_multiaddr(struct input *in);
void fuzz_host_port(struct input *in);
void fuzz_client_route(struct input *in);
void fuzz_client_id(struct input *in);

#endif /* OCKAM_FUZZ_H */
