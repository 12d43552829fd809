// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Authorities and credentials, as users name them and as the kernel has them. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "authority.h"
#include "cbor.h"
#include "home.h"
#include "object.h"

#define HEX_LEAST	66	/* longer than any name */
#define AUTHORITIES_MAX	4	/* that the module takes */

/* Bytes of a hex text, or minus an exit code. */
static long unhex(const char *text, uint8_t *dst, size_t size, const char *what)
{
	int got = ctl_unhex(dst, size, text);

	if (got > 0)
		return got;
	return -ctl_fail(CTL_DATA, "%s is not hex, or too long", what);
}

static bool is_hex(const char *text)
{
	size_t len = strspn(text, "0123456789abcdefABCDEF");

	return len >= HEX_LEAST && !text[len];
}

/* Hex in a file. */
static long unhex_file(const char *path, uint8_t *dst, size_t size,
		       const char *what)
{
	static char text[2 * KEYS_HISTORY_MAX + 3];
	ssize_t len = home_read(path, text, sizeof(text));

	if (len < 0)
		return -ctl_fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_INPUT,
				 "there is no %s '%s': give its name, its hex or a file",
				 what, path);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return unhex(text, dst, size, path);
}

int authority_read(const char *text, struct identity *identity,
		   struct ockam_identity *verified)
{
	enum ockam_ident_reason reason;
	int err = CTL_NOT_FOUND;
	long got;

	if (home_is_name(text))
		err = identity_peek(text, identity, true);
	if (err != CTL_NOT_FOUND) {
		got = err ? -err : (long)identity->history_len;
	} else {
		memset(identity, 0, sizeof(*identity));
		got = is_hex(text) ?
		      unhex(text, identity->history, sizeof(identity->history),
			    "the history of the authority") :
		      unhex_file(text, identity->history,
				 sizeof(identity->history), "authority");
	}
	if (got < 0)
		return -got;
	identity->history_len = got;
	reason = ockam_ident_verify_history(verified, identity->history, got);
	if (reason)
		return ctl_fail(CTL_DATA, "the history of authority '%.64s' is not valid: %s",
				text, ockam_ident_reason_name(reason));
	memcpy(identity->id, verified->identifier, 32);
	return 0;
}

int credential_read(const char *text, uint8_t bytes[CREDENTIAL_MAX],
		    size_t *len)
{
	char path[HOME_PATH_MAX];
	long got = -CTL_NOT_FOUND;
	int err;

	if (is_hex(text)) {
		got = unhex(text, bytes, CREDENTIAL_MAX, "the credential");
	} else if (!strchr(text, '/')) {
		err = home_path(path, "credentials", text, ".credential");
		if (err)
			return err;
		if (!access(path, F_OK))
			text = path;
		got = unhex_file(text, bytes, CREDENTIAL_MAX, "credential");
	} else {
		got = unhex_file(text, bytes, CREDENTIAL_MAX, "credential");
	}
	*len = got < 0 ? 0 : got;
	return got < 0 ? -got : 0;
}

int request_authorities(struct request *request, const struct ctl_args *args)
{
	struct ockam_identity verified;
	static struct identity identity;
	struct nlattr *nest;
	int err = 0;

	if (args->authority.count > AUTHORITIES_MAX)
		return ctl_fail(CTL_USAGE, "--authority is given 1 to %d times",
				AUTHORITIES_MAX);
	if (args->require_credential && !args->authority.count)
		return ctl_fail(CTL_USAGE, "say whose credential is required: --authority HISTORY");
	if (args->require_credential)
		request_flag(request, OCKAM_A_REQUIRE_CREDENTIAL);
	if (!args->authority.count)
		return 0;
	nest = request_nest(request, OCKAM_A_AUTHORITIES);
	for (int i = 0; !err && i < args->authority.count; i++) {
		err = authority_read(args->authority.value[i], &identity,
				     &verified);
		if (!err)
			request_bytes(request, OCKAM_A_HISTORY,
				      identity.history, identity.history_len);
	}
	request_nest_end(request, nest);
	return err;
}

static void put_attribute(json_t *all, struct ockam_reader *r)
{
	static char key[4 * CREDENTIAL_MAX + 4], value[4 * CREDENTIAL_MAX + 4];
	const uint8_t *bytes;
	size_t len = 0;

	bytes = ockam_cbor_bytes(r, &len);
	if (bytes)
		ctl_printable(key, sizeof(key), bytes, len);
	bytes = ockam_cbor_bytes(r, &len);
	if (bytes)
		ctl_printable(value, sizeof(value), bytes, len);
	if (!r->bad)
		json_object_set_new(all, key, json_string(value));
}

json_t *attributes_json(const uint8_t *map, size_t len)
{
	struct ockam_reader r = ockam_reader_init(map, len);
	json_t *all = json_object();
	uint64_t left;

	if (len && *map == 0xbf) {
		ockam_read_u8(&r);
		while (!r.bad && ockam_reader_left(&r) &&
		       *r.pos != OCKAM_CBOR_BREAK)
			put_attribute(all, &r);
	} else {
		left = ockam_cbor_head(&r, OCKAM_CBOR_MAP);
		for (; left && !r.bad; left--)
			put_attribute(all, &r);
	}
	if (!r.bad)
		return all;
	json_decref(all);
	return json_null();
}

json_t *object_authorities(const struct object *object)
{
	return object_ids(object->has_authorities, object->authorities,
			  object->authorities_len);
}

json_t *object_credential(const struct object *object)
{
	if (!object->has_issuer)
		return json_null();
	return json_pack("{s:o, s:I, s:o}", "issuer",
			 object_identifier(true, object->issuer), "expires_at",
			 (json_int_t)object->expires, "attributes",
			 attributes_json(object->attributes,
					 object->attributes_len));
}
