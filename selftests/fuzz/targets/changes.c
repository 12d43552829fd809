// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Histories with at most one thing wrong, and the verdict that each must get. */

#include "material.h"

static const enum ockam_ident_reason verdicts[] = {
	[NO_CHANGES] = OCKAM_IDENT_EMPTY,
	[TOO_MANY] = OCKAM_IDENT_TOO_MANY,
	[LINK_FLIP] = OCKAM_IDENT_LINK,
	[LINK_MISSING] = OCKAM_IDENT_LINK,
	[LINK_FIRST] = OCKAM_IDENT_LINK,
	[DATE] = OCKAM_IDENT_LINK,
	[SIG_FLIP] = OCKAM_IDENT_SIGNATURE,
	[SIG_ALG] = OCKAM_IDENT_SIGNATURE,
	[SIG_OTHER_KEY] = OCKAM_IDENT_SIGNATURE,
	[SIG_SHORT] = OCKAM_IDENT_MALFORMED,
	[PREV_MISSING] = OCKAM_IDENT_SIGNATURE,
	[PREV_FLIP] = OCKAM_IDENT_SIGNATURE,
	[PREV_NEW_KEY] = OCKAM_IDENT_SIGNATURE,
	[VERSION] = OCKAM_IDENT_VERSION,
	[TYPE] = OCKAM_IDENT_VERSION,
	[KEY_SHORT] = OCKAM_IDENT_MALFORMED,
	[NO_BOOL] = OCKAM_IDENT_MALFORMED,
	[CUT] = OCKAM_IDENT_MALFORMED,
	[FINE] = OCKAM_IDENT_GOOD,
};

void fuzz_changes(struct input *in)
{
	static struct out out;
	enum fault fault = take(in, 1) % (2 * FINE);
	int count = 1 + take(in, 1) % OCKAM_CHANGES_MAX, where;
	struct ockam_identity wanted, got;
	enum ockam_ident_reason reason;
	u8 *copy;

	sign_mode = SIGN_MODEL;
	if (fault > FINE)
		fault = FINE;
	if (fault == NO_CHANGES || fault == TOO_MANY)
		count = fault == TOO_MANY ? OCKAM_CHANGES_MAX + 1 : 0;
	where = count ? take(in, 1) % count : 0;
	if (fault == LINK_FIRST)
		where = 0;
	else if (!where && (fault == LINK_FLIP || fault == LINK_MISSING ||
			    fault == DATE || fault == PREV_MISSING ||
			    fault == PREV_FLIP || fault == PREV_NEW_KEY))
		fault = FINE;	/* wants a change before it */
	out.len = 0;
	put_history(&out, in, &wanted, count, where, fault);
	copy = copy_of(out.data, out.len - (fault == CUT));
	reason = ockam_ident_verify_history(&got, copy,
					    out.len - (fault == CUT));
	free(copy);
	must(reason == verdicts[fault]);
	if (reason)
		return;
	must(got.changes == count && sign_checks == 2u * count - 1);
	must(!memcmp(got.identifier, wanted.identifier, OCKAM_HASH_LEN));
	must(!memcmp(got.latest_hash, wanted.latest_hash, OCKAM_HASH_LEN));
	must(!memcmp(&got.latest_key, &wanted.latest_key, sizeof(got.latest_key)));
	must(got.valid_from == wanted.valid_from &&
	     got.valid_until == wanted.valid_until);
}
