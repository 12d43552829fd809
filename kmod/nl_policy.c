// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What is accepted in netlink requests: the spec, by hand for all kernels. */

#include "credential.h"
#include "ident.h"
#include "limit.h"
#include "nl_policy.h"
#include "policy.h"
#include "route.h"

#define OCKAM_NL_TEXT(max) { .type = NLA_NUL_STRING, .len = (max) }
#define OCKAM_NL_BYTES(max) { .type = NLA_BINARY, .len = (max) }
#define OCKAM_NL_EXACT(len) NLA_POLICY_EXACT_LEN(len)

static struct netlink_range_validation ockam_nl_life = {
	.max = OCKAM_LIFE_MAX_MS,
};

/* What is missing here is only ever sent by the kernel, and refused. */
const struct nla_policy ockam_nl_policy[OCKAM_A_MAX + 1] = {
	[OCKAM_A_NODE_NAME] = OCKAM_NL_TEXT(64),
	[OCKAM_A_KIND] = NLA_POLICY_MAX(NLA_U32, OCKAM_ENDPOINT_RELAY_CLIENT),
	[OCKAM_A_ADDRESS] = OCKAM_NL_BYTES(OCKAM_ADDR_MAX),
	[OCKAM_A_TYPE] = OCKAM_NL_TEXT(32),
	[OCKAM_A_ROUTE] = OCKAM_NL_BYTES(OCKAM_ROUTE_MAX),
	[OCKAM_A_EXPOSE] = OCKAM_NL_BYTES(OCKAM_ROUTE_MAX),
	[OCKAM_A_IDENTIFIERS] =
		OCKAM_NL_BYTES(OCKAM_TRUST_MAX * OCKAM_IDENTIFIER_LEN),
	[OCKAM_A_IP] = OCKAM_NL_BYTES(16),
	[OCKAM_A_PORT] = { .type = NLA_U16 },
	[OCKAM_A_LOCAL_IP] = OCKAM_NL_BYTES(16),
	[OCKAM_A_LOCAL_PORT] = { .type = NLA_U16 },
	[OCKAM_A_LABEL] = OCKAM_NL_TEXT(64),
	[OCKAM_A_PROJECT] = { .type = NLA_FLAG },
	[OCKAM_A_SHARED] = { .type = NLA_FLAG },
	[OCKAM_A_IDENTITY_NAME] = OCKAM_NL_TEXT(64),
	[OCKAM_A_HISTORY] = OCKAM_NL_BYTES(32768),
	[OCKAM_A_ATTESTATION] = OCKAM_NL_BYTES(4096),
	[OCKAM_A_SECRET] = OCKAM_NL_EXACT(OCKAM_X25519_LEN),
	[OCKAM_A_DEFAULT] = { .type = NLA_FLAG },
	[OCKAM_A_GROUP_LOW] = { .type = NLA_U32 },
	[OCKAM_A_GROUP_HIGH] = { .type = NLA_U32 },
	[OCKAM_A_TIMEOUT_MS] = { .type = NLA_U32 },
	[OCKAM_A_DEVICE] = NLA_POLICY_MIN(NLA_U32, 1),
	[OCKAM_A_LINGER_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &ockam_nl_life),
	[OCKAM_A_IDLE_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &ockam_nl_life),
	[OCKAM_A_AUTHORITIES] = { .type = NLA_NESTED },
	[OCKAM_A_REQUIRE_CREDENTIAL] = { .type = NLA_FLAG },
	[OCKAM_A_CREDENTIAL] = OCKAM_NL_BYTES(OCKAM_CREDENTIAL_MAX),
	[OCKAM_A_HOST] = OCKAM_NL_TEXT(255),
};
