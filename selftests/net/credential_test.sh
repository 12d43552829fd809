#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Credentials: what peers present is judged, kept, renewed and required; and we
# present our own.
. "$(dirname -- "$0")/../lib.sh"
need jq python3

# node NAME: one without anything, and its identity of the same name
node()
{
	ockamctl identity create "$1" > /dev/null &&
	ockamctl node create "$1" --identity "$1" > /dev/null 2>&1
}

# issue NAME ATTRIBUTE [TTL]: a credential of identity "authority" about NAME
issue()
{
	ockamctl credential issue --as authority --for "$(ockamctl identity show "$1")" \
		--attribute "$2" --ttl "${3:-1h}"
}

connect()
{
	ockamctl secure-channel create --from member --to /node/server/service/api2 \
		--timeout 60
}

# of_peer NODE KEY: what NODE says of its channels' peers
of_peer()
{
	ockamctl secure-channel list --at "$1" -j | jq -c ".[].credential | $2" | sort -u
}

# seen_by_socket NODE CHANNEL: issuer, expiry and attributes as its user reads them
seen_by_socket()
{
	PYTHONPATH=$(dirname -- "$0") python3 - "$1" "${2##*/}" <<'PYTHON'
import socket, struct, sys
import af_ockam

sock = af_ockam.opened(socket.SOCK_SEQPACKET, sys.argv[1])
af_ockam.call("connect", sock, af_ockam.address(af_ockam.KIND_CHANNEL, af_ockam.route(sys.argv[2], "echo")))
try:
    value = sock.getsockopt(af_ockam.SOL_OCKAM, af_ockam.OCKAM_PEER_CREDENTIAL, 1024)
except OSError as error:
    sys.exit(print(error.strerror))
issuer, expiry, size, zero = struct.unpack_from("=32sQII", value)
for room in range(len(value)):
    try:
        sock.getsockopt(af_ockam.SOL_OCKAM, af_ockam.OCKAM_PEER_CREDENTIAL, room)
    except OSError as error:
        assert error.strerror == "Invalid argument", error
    else:
        sys.exit(print(f"{room} bytes were enough"))
assert len(value) == 48 + size and not zero, value
print("I" + issuer.hex(), expiry, value[48:].hex())
PYTHON
}

is_of_peer()
{
	[ "$(of_peer "$1" "$2")" = "$3" ]
}

# happened EVENT [REASON]
happened()
{
	jq -e -s --arg event "$1" --arg reason "${2:-}" \
		'any(.[]; .event == $event and (.reason // "") == $reason)' "$OCKAM_HOME/events"
}

test_credentials_of_a_reference_peer()
{
	setup_module || return
	ockamctl node create k > /dev/null 2>&1 || return
	PYTHONPATH=$SELFTESTS/ref timeout 550 \
		python3 "$(dirname -- "$0")/credential.py" 4000 > "$OCKAM_HOME/out" 2>&1
	local rc=$?
	sed 's/^/# /' "$OCKAM_HOME/out"
	return $rc
}

test_our_own_credential()
{
	setup_module || return
	ockamctl identity create authority > /dev/null || return
	node server && node member || return
	ockamctl secure-channel-listener create api2 --at server --expose echo \
		--authority authority --require-credential > /dev/null || return
	ockamctl service expose "$(ockamctl tcp-listener list --at server -j |
		jq -r '.[0].worker_addr // .[0].address')" api2 --at server > /dev/null || return
	ockamctl monitor channel -j > "$OCKAM_HOME/events" 2> "$OCKAM_HOME/monitor" &
	defer kill $!
	busywait 30 grep -q waiting "$OCKAM_HOME/monitor"

	connect > /dev/null 2>&1
	check_ok "the refusal" busywait 30 happened refused credential-required
	check_ok "the end" busywait 30 happened closed credential-required
	check_rc 65 "another one's" ockamctl credential present "$(issue server a=b)" --at member
	check_contains "$ERR" "about another identity" "the error"
	check_rc 65 "nonsense" ockamctl credential present "$(printf 'ff%.0s' {1..40})" --at member
	check_contains "$ERR" "malformed" "the error"

	ockamctl credential store mine "$(issue member role=db)" --issuer authority > /dev/null ||
		fail "store"
	check_ok "present" ockamctl credential present mine --at member
	check_ok "a channel" connect
	check_ok "attributes" busywait 30 is_of_peer server .attributes '{"role":"db"}'
	check_eq "$(of_peer server .issuer)" "\"$(ockamctl identity show authority)\"" "issuer"
	check_eq "$(of_peer server '(.expires_at - now) > 3000')" true "expiry"
	check_eq "$(of_peer member .)" null "what the member knows of the server"

	check_ok "present another" ockamctl credential present "$(issue member role=web)" --at member
	check_ok "new attributes" busywait 30 is_of_peer server .attributes '{"role":"web"}'
	check_ok "the event" busywait 30 happened refreshed
	check_ok "nothing more" ockamctl credential present none --at member
	check_eq "$(of_peer server .attributes)" '{"role":"web"}' "attributes"
}

# The initiator judges, too: before it says who it is.
test_a_responder_without_one()
{
	setup_module || return
	ockamctl identity create authority > /dev/null || return
	node server && node member || return
	local to=/node/server/service/api
	check_rc 76 "without" ockamctl secure-channel create --from member --to $to --timeout 60 \
		--authority authority --require-credential
	check_contains "$ERR" credential-required "the error"
	check_ok "present" ockamctl credential present "$(issue server role=api)" --at server
	check_ok "with" ockamctl secure-channel create --from member --to $to --timeout 60 \
		--authority authority --require-credential
	check_eq "$(of_peer member .attributes)" '{"role":"api"}' "attributes"

	local judged ignored
	judged=$(ockamctl secure-channel list --at member -j | jq -r '.[0].address')
	check_eq "$(seen_by_socket member "$judged")" \
		"$(of_peer member .issuer | tr -d '"') $(of_peer member .expires_at) a144726f6c6543617069" \
		"what a socket reads"
	ignored=$(ockamctl secure-channel create --from member --to $to --timeout 60 2> /dev/null)
	check_eq "$(seen_by_socket member "${ignored##*/}")" "No data available" "nothing was judged"
}

run_tests "$@"
