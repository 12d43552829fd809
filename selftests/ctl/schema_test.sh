#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Every command that prints JSON is run, and what it prints has its schema.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/ctl.sh"
need jq python3

SCHEMAS=$HERE/schemas
COVERED=$(mktemp)

# valid NAME [--lines]: does standard input keep to the schema?
valid()
{
	python3 "$HERE/schema.py" "$SCHEMAS" "$@"
}

# json NAME ARGUMENTS...: run it, keep what it prints in OUT, validate that
json()
{
	local name=$1 bad

	shift
	echo "$name" >> "$COVERED"
	check_rc 0 "$*" ockamctl "$@" -j < /dev/null
	bad=$(valid "$name" <<< "$OUT") || fail "$name: $bad: $OUT"
}

identities_and_projects()
{
	json identity-create identity create alice
	json identity-show identity show alice
	json identity-show identity show alice --full
	json identity-show identity show alice --full --encoding hex
	json vault-create vault create work
	json identity-create identity create bob --vault work --key-type p256
	json identity-rotate identity rotate bob --revoke-all-purpose-keys
	json identity-show identity show bob --full
	json identity-export identity export bob
	json identity-import identity import carol "$(jq -r .encoded <<< "$OUT")"
	json identity-export identity export bob --private "$OCKAM_HOME/bob.pem"
	json identity-delete identity delete bob
	json identity-import identity import bob --private "$OCKAM_HOME/bob.pem" --vault work
	json identity-renew identity renew --all
	json vault-show vault show work
	json vault-list vault list
	json identity-list identity list
	json identity-default identity default alice
	json project-create project create default --host
	json project-create project create far --at /ip4/10.0.0.1/tcp/4000/service/api --identifier "I$(printf '%064d' 1)"
	json project-information project information default
	printf '%s\n' "$OUT" > "$OCKAM_HOME/p.json"
	json project-show project show far
	json project-import project import --project-file "$OCKAM_HOME/p.json"
	json project-list project list
}

credentials()
{
	local member

	member=$(ockamctl identity show alice)
	json credential-issue credential issue --as alice --for "$member" --attribute role=db --ttl 1h
	printf '%s\n' "$(jq -r .credential <<< "$OUT")" > "$OCKAM_HOME/c.hex"
	json credential-verify credential verify "$OCKAM_HOME/c.hex" --issuer alice
	json credential-store credential store mine "$OCKAM_HOME/c.hex" --issuer alice
	json credential-list credential list
	json credential-show credential show mine
	json node-create node create n4 --identity alice --no-default-services
	json credential-present credential present mine --at n4
	json credential-delete credential delete mine
	json node-delete node delete n4
}

nodes_and_services()
{
	json node-create node create n1 --project "$OCKAM_HOME/p.json"
	json node-create node create n2 --no-default-services
	json node-list node list
	json node-show node show n1
	json node-default node default n1
	json service-start service start hop --at n1
	json service-list service list --at n1
	json service-expose service expose api hop --at n1
	json flow-control-list flow-control list --at n1
	json flow-control-add-consumer flow-control add-consumer api x --at n1
	json flow-control-delete-consumer flow-control delete-consumer api x --at n1
	json service-hide service hide api hop --at n1
	json message-send message send hello --from n1 --to /service/uppercase
	json message-ping message ping /service/echo --from n1 -c 2
	json message-perf message perf /service/echo --from n1 -n 20 -l 100
	json service-stop service stop hop --at n1
}

connections_and_channels()
{
	local channel

	json tcp-listener-create tcp-listener create 127.0.0.1:4100 --at n1 --expose api
	json tcp-listener-create tcp-listener create '[::1]:4100' --at n1
	json tcp-listener-list tcp-listener list
	json tcp-listener-show tcp-listener show 127.0.0.1:4100
	json tcp-connection-create tcp-connection create --from n1 --to 127.0.0.1:4100
	json tcp-connection-list tcp-connection list
	json tcp-connection-show tcp-connection show 127.0.0.1:4100
	json secure-channel-listener-create secure-channel-listener create api2 --at n1 --authority alice
	json secure-channel-listener-list secure-channel-listener list
	json secure-channel-listener-show secure-channel-listener show api2 --at n1
	json secure-channel-create secure-channel create --from n1 --to /project/default/service/api --timeout 60
	channel=$(count '.[0].address' | tr -d '"')
	json secure-channel-list secure-channel list
	json secure-channel-show secure-channel show "$channel" --at n1
	json secure-channel-rekey secure-channel rekey "$channel" --at n1
	json secure-channel-update secure-channel update "$channel" --at n1 \
		--to "/service/$(ockamctl secure-channel show "$channel" --at n1 -j | jq -r .route | cut -d/ -f3)"
	json relay-create relay create r1 --at /project/default --to n1 --timeout 60
	json relay-list relay list
	json relay-show relay show r1
	json relay-list relay list --host
	json relay-show relay show forward_to_r1 --host
	json resolve resolve
}

overviews()
{
	json worker-list worker list
	json show show
	json stats stats
	json module-status module status
	json module-load module load
	json manpages manpages
	start_monitor "$OCKAM_HOME/events" -j --count 3 --timeout 120
	quietly ockamctl node create n3
	wait "$MONITOR"
	valid monitor --lines < "$OCKAM_HOME/events" || fail "monitor: $(cat "$OCKAM_HOME/events")"
	echo monitor >> "$COVERED"
	start_listener "$OCKAM_HOME/messages" inbox --at n1 -j --count 1 --timeout 120
	check_rc 75 "no answer" ockamctl message send hello --from n1 --to /service/inbox --timeout 500ms
	wait "$LISTENER"
	valid message-listen --lines < "$OCKAM_HOME/messages" || fail "listen: $(cat "$OCKAM_HOME/messages")"
	echo message-listen >> "$COVERED"
}

deletions()
{
	local channel

	channel=$(ockamctl secure-channel list --at n1 | jq -r '.[0].address')
	json relay-delete relay delete r1
	json project-delete project delete far
	json secure-channel-delete secure-channel delete "$channel" --at n1
	json secure-channel-listener-delete secure-channel-listener delete api2 --at n1
	json tcp-connection-delete tcp-connection delete 127.0.0.1:4100
	json tcp-listener-delete tcp-listener delete 127.0.0.1:4100
	json node-delete node delete n2
	json node-delete node delete --all
	json identity-delete identity delete --all
	json vault-delete vault delete work
}

test_every_command()
{
	setup_module || return
	identities_and_projects
	credentials
	nodes_and_services
	connections_and_channels
	overviews
	deletions
}

# Commands by their help, commands that were run, schemas: the same.
test_no_command_without_schema()
{
	local commands schemas

	commands=$(ockamctl manpages -j | jq -r '.[] | select(.usage | test("--output json")) | .command' | tr ' ' - | sort)
	schemas=$(cd "$SCHEMAS" && printf '%s\n' [!_]*.json | sed 's/\.json$//' | sort)
	check_eq "$schemas" "$commands" "schemas and commands"
	check_eq "$(sort -u "$COVERED")" "$commands" "commands that were run"
	check_eq "$(ockamctl manpages -j | jq -r '.[] | select(.usage | test("--output json") | not) | .command')" "" \
		"commands without JSON"
}

# Each kind of damage to what a command really prints is noticed.
test_planted_violations()
{
	local good filter

	scene || return
	good=$(ockamctl tcp-listener list) || return
	check_ok "as it was" valid tcp-listener-list <<< "$good"
	for filter in 'del(.[0].node)' '.[0].more = 1' '.[0].accepted = "0"' '.[0].accepted = -1' \
		'.[0].type = "Udp"' '.[0].flow_control_id = "x"' '.[0]' '.[0].mode = null'; do
		jq "$filter" <<< "$good" | valid tcp-listener-list > /dev/null &&
			fail "not noticed: $filter"
	done
	valid tcp-listener-list <<< "${good%]}" > /dev/null && fail "not noticed: no JSON"
	true
}

test_unknown_keyword_in_a_schema()
{
	local folder

	folder=$(mktemp -d)
	defer rm -rf "$folder"
	echo '{"type": "integer", "maximum": 3}' > "$folder/x.json"
	check_rc 1 "unknown keyword" python3 "$HERE/schema.py" "$folder" x <<< 1
	check_contains "$OUT" maximum "what is wrong"
}

run_tests "$@"
