// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What we present to peers: payloads of handshakes, refresh messages. */

#include <linux/errno.h>
#include "cbor.h"
#include "ident.h"

/* [] or [credential] */
static void ockam_ident_put_credentials(struct ockam_writer *w,
					const struct ockam_slice *credential)
{
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, credential->len ? 1 : 0);
	if (credential->len)
		ockam_write_bytes(w, credential->data, credential->len);
}

/**
 * ockam_ident_put_payload() - encode a handshake payload
 * @dst:         where to; NULL to ask for the length
 * @size:        room
 * @history:     encoded change history
 * @attestation: encoded attestation
 * @credential:  encoded credential with its attestation; empty: none
 *
 * Return: its bytes; -ENOSPC.
 */
int ockam_ident_put_payload(u8 *dst, size_t size,
			    const struct ockam_slice *history,
			    const struct ockam_slice *attestation,
			    const struct ockam_slice *credential)
{
	struct ockam_writer w = ockam_writer_init(dst, size);
	size_t need = 2 + history->len + attestation->len + credential->len;

	if (!dst)
		return need;
	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 3);
	ockam_write_bytes(&w, history->data, history->len);
	ockam_write_bytes(&w, attestation->data, attestation->len);
	ockam_ident_put_credentials(&w, credential);
	return w.bad ? -ENOSPC : (int)need;
}

/**
 * ockam_ident_put_refresh() - encode the plaintext of a refresh message
 * @dst:        where to; NULL to ask for the length
 * @size:       room
 * @history:    encoded change history
 * @credential: encoded credential with its attestation; empty: none
 *
 * Return: its bytes; -ENOSPC.
 */
int ockam_ident_put_refresh(u8 *dst, size_t size,
			    const struct ockam_slice *history,
			    const struct ockam_slice *credential)
{
	/* [[1, [[history, credentials]]], padding] */
	static const u8 head[] = { 0x82, 0x82, 0x01, 0x81, 0x82 };
	struct ockam_writer w = ockam_writer_init(dst, size);
	size_t need = sizeof(head) + history->len + 1 + credential->len + 1;

	if (!dst)
		return need;
	ockam_write_bytes(&w, head, sizeof(head));
	ockam_write_bytes(&w, history->data, history->len);
	ockam_ident_put_credentials(&w, credential);
	ockam_cbor_put_head(&w, OCKAM_CBOR_BYTES, 0);
	return w.bad ? -ENOSPC : (int)need;
}
