#!/bin/bash
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
#
# xfsm-controller against two real ovsdb-servers, with stand-ins for the agent
# (which acknowledges) and the hub (which publishes).

set -u

top=${top_srcdir:?} build=${top_builddir:?}
controller=$build/controller/xfsm-controller
xfsm=$build/utilities/xfsm
work=$(mktemp -d)
number=0
failed=0

export OVS_RUNDIR=$work OVS_DBDIR=$work OVS_LOGDIR=$work OVS_SYSCONFDIR=$work

# Ends what runs still, and nothing else: the number of a process that has
# ended can be another's.
cleanup() {
    local file
    kill $(jobs -pr) 2> /dev/null
    for file in "$work"/*.pid; do
        [ ! -e "$file" ] || kill "$(cat "$file")"
    done
    rm -rf "$work"
}
trap cleanup EXIT

for tool in ovsdb-server ovsdb-tool ovsdb-client ovs-appctl; do
    if ! command -v $tool > /dev/null; then
        echo "SKIP: no $tool (Debian: openvswitch-switch)"
        exit 77
    fi
done

verdict() {
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        [ ! -e "$work/out" ] || head -n 30 "$work/out" | sed 's/^/# /'
        failed=$((failed + 1))
    fi
}

# expect NAME STATUS PATTERN COMMAND...: exits with STATUS and prints a line
# that matches PATTERN (if that is not empty).
expect() {
    local name=$1 status=$2 pattern=$3 got
    shift 3
    "$@" > "$work/out" 2>&1 < /dev/null
    got=$?
    [ $got = "$status" ] &&
        { [ -z "$pattern" ] || grep -q -e "$pattern" "$work/out"; }
    if [ $? = 0 ]; then
        verdict 0 "$name"
    else
        verdict 1 "$name (exit status $got, not $status, or no $pattern)"
    fi
}

patience=$((20 * ${XFSM_TEST_PATIENCE:-1}))        # Seconds.

# until_true NAME COMMAND...: COMMAND succeeds in time.
until_true() {
    local name=$1 end=$((SECONDS + patience))
    shift
    until "$@" > "$work/out" 2>&1; do
        if [ $SECONDS -ge $end ]; then
            verdict 1 "$name"
            return 1
        fi
        sleep 0.1
    done
    verdict 0 "$name"
}

# transact HOST OPERATIONS: prints the result.
transact() {
    ovsdb-client --timeout=5 transact "unix:$work/$1.sock" "[\"XFSM\",$2]"
}

# select_rows HOST TABLE COLUMNS: prints the rows, sorted, one a line; the
# columns come in alphabetical order.
select_rows() {
    ovsdb-client --timeout=5 -f csv --no-headings dump \
        "unix:$work/$1.sock" XFSM "$2" $3 | sed -e '/ table$/d' -e '/^$/d' | sort
}

# rows_are HOST TABLE COLUMNS ROWS
rows_are() {
    [ "$(select_rows "$1" "$2" "$3")" = "$4" ]
}

start_server() {
    ovsdb-server --detach --no-chdir --pidfile="$work/$1.pid" \
        --log-file="$work/$1.log" --unixctl="$work/$1.ctl" \
        --remote="punix:$work/$1.sock" "$work/$1.db" 2> /dev/null || exit 1
}

stop_server() {
    local pid
    pid=$(cat "$work/$1.pid")
    ovs-appctl -t "$work/$1.ctl" exit
    while kill -0 "$pid" 2> /dev/null; do
        sleep 0.05
    done
}

# Acknowledges, as the agent does: copies next_cfg to cur_cfg.
agent() {
    local next
    while :; do
        next=$(select_rows "$1" XFSM_Global next_cfg 2> /dev/null)
        if [ -n "$next" ]; then
            transact "$1" "{\"op\":\"update\",\"table\":\"XFSM_Global\",
                \"where\":[],\"row\":{\"cur_cfg\":$next}}" > /dev/null 2>&1
        fi
        sleep 0.1
    done
}

next_cfg() {
    select_rows "$1" XFSM_Global next_cfg
}

appctl() {
    ovs-appctl --timeout=10 -t "$work/controller.ctl" "$@"
}

# ctl OPTION...: the controller, in the foreground.
ctl() {
    timeout 60 "$controller" --xfsm="$xfsm" --timeout="${limit:-20}" "$@" \
        "$work/fleet.json"
}

for host in hv1 hv2; do
    ovsdb-tool create "$work/$host.db" \
        "$top/ovsdb-schema/xfsm.ovsschema" || exit 1
    start_server $host
done

mkdir "$work/programs"
cp "$top"/utilities/programs/portscan.xml "$work/programs"
cat > "$work/hello.xml" <<END
<botstream>
  <statedef id="default"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="default"><condition expression="true"
     action="Publish(log, hello %ip_src)"/></state>
  </event>
</botstream>
END
fleet() {
    cat > "$work/fleet.json" <<END
{"hosts": {
   "hv1": {"ovsdb": "unix:$work/hv1.sock", "events": "ipc://$work/hub1"},
   "hv2": {"ovsdb": "unix:$work/hv2.sock", "events": "ipc://$work/hub2"}},
 "programs": {"portscan": "programs/portscan.xml", "hello": "hello.xml"},
 "assignments": [
   {"name": "web", "programs": ["portscan", "hello"],
    "target": {"bridge": "br0"}, "hosts": "*"}$1]}
END
}
db_assignment=',
   {"name": "db", "programs": ["hello"], "enabled": false,
    "target": {"iface-id": "db0"}, "hosts": ["hv2"]}'
web_row='true,web,"[hello, portscan]",{bridge=br0}'
db_row='false,db,[hello],{iface-id=db0}'
columns="enabled name programs target"

# Bad input.
expect "version" 0 "^xfsm-controller (ovs-xfsm) [0-9]" "$controller" --version
expect "help" 0 "usage: .*FLEET" "$controller" --help
expect "no fleet" 1 "exactly one argument" "$controller"
expect "a missing fleet" 1 "nosuch.json: error opening" \
    "$controller" --once "$work/nosuch.json"
echo '{' > "$work/fleet.json"
expect "no JSON" 1 "fleet.json: line " ctl --once
echo '{"hosts": {}, "programs": {"x": "nosuch.xml"}, "assignments": []}' \
    > "$work/fleet.json"
expect "a missing program" 1 \
    "fleet.json: /programs/x: $work/nosuch.xml: cannot open the file" \
    ctl --once
echo '<botstream><statedef/></botstream>' > "$work/bad.xml"
sed -i 's/nosuch/bad/' "$work/fleet.json"
expect "a bad program, with its place" 1 "^x:1: " ctl --once
printf '\xff' > "$work/bad.xml"
expect "a program that is no UTF-8" 1 "is not in UTF-8" ctl --once
fleet ''
sed -i 's/"hosts": "\*"/"hosts": ["hv3"]/' "$work/fleet.json"
expect "an unknown host, with its place" 1 \
    '/assignments/0/hosts/0: "hv3" is none of the hosts' ctl --once
fleet ''
expect "no compiler" 1 "cannot run the toolbox" ctl --once \
    --xfsm="$work/nosuch"

# A dry run changes nothing.
fleet "$db_assignment"
expect "dry run" 0 "^add assignment db$" ctl --dry-run
rows_are hv1 Program name '' && rows_are hv1 XFSM_Global next_cfg ''
verdict $? "dry run changed nothing"

# Without an agent, all is written, but nobody acknowledges.
limit=2 expect "no agent" 1 "^hv1: written, not yet acknowledged" ctl --once
rows_are hv1 Assignment "$columns" "$web_row" &&
    rows_are hv2 Assignment "$columns" "$db_row
$web_row"
verdict $? "assignments of each host"
rows_are hv1 Program "external_ids name" '{owner=xfsm-controller},hello
{owner=xfsm-controller},portscan'
verdict $? "programs have an owner"

# What is in the rows is the program.
"$xfsm" compile "$work/hello.xml" -o "$work/image" 2> /dev/null
transact hv1 '{"op":"select","table":"Program","where":
    [["name","==","hello"]],"columns":["image","source"]}' > "$work/row"
"${PYTHON:-python3}" - "$work" > "$work/out" 2>&1 <<'END'
import base64, json, sys
work = sys.argv[1]
row = json.load(open(work + "/row"))[0]["rows"][0]
assert base64.b64decode(row["image"], validate=True) == \
    open(work + "/image", "rb").read()
assert row["source"] == open(work + "/hello.xml").read()
END
verdict $? "image and source of a program"

agent hv1 &
agent hv2 &
expect "acknowledged" 0 "^hv2: up to date" ctl --once
before=$(next_cfg hv1)
expect "again" 0 "^hv1: up to date" ctl --once
[ -n "$before" ] && [ "$(next_cfg hv1)" = "$before" ]
verdict $? "nothing is written where nothing differs"

# Rows of others.
transact hv1 '{"op":"insert","table":"Assignment","row":{"name":"theirs"}},
    {"op":"insert","table":"Assignment","row":{"name":"db"}}' > /dev/null
fleet "${db_assignment//hv2/hv1}"
expect "a conflict is told" 1 "^assignment db exists and belongs to somebody" \
    ctl --once
rows_are hv1 Assignment name 'db
theirs
web'
verdict $? "rows of others stay"
rows_are hv2 Assignment name web
verdict $? "our rows go"
transact hv1 '{"op":"delete","table":"Assignment",
    "where":[["name","!=","web"]]}' > /dev/null

# As a daemon.
fleet "$db_assignment"
expect "daemon" 0 "" "$controller" --xfsm="$xfsm" --detach --no-chdir \
    --pidfile="$work/controller.pid" --unixctl="$work/controller.ctl" \
    --log-file="$work/controller.log" --events="$work/events" \
    "$work/fleet.json"
pid=$(cat "$work/controller.pid")
until_true "up to date" sh -c "ovs-appctl --timeout=10 \
    -t '$work/controller.ctl' fleet/show | grep -c ': up to date' | grep -q 2"
transact hv1 '{"op":"delete","table":"Assignment",
    "where":[["name","==","web"]]},
    {"op":"update","table":"Program","where":[["name","==","hello"]],
     "row":{"source":"x"}}' > /dev/null
until_true "what is changed behind its back comes back" \
    rows_are hv1 Assignment "$columns" "$web_row"
until_true "the program too" sh -c "ovsdb-client -f csv dump \
    'unix:$work/hv1.sock' XFSM Program source | grep -q hello"

limit=2 expect "a second controller waits" 1 \
    "another xfsm-controller has the lock" ctl --once
expect "a second controller can look" 0 "^hv1: no difference" ctl --dry-run

stop_server hv2
until_true "a host that is away is told" sh -c "ovs-appctl --timeout=10 \
    -t '$work/controller.ctl' fleet/show | grep -q 'hv2.sock: not connected'"
fleet ''
expect "reload" 0 "" appctl fleet/reload
start_server hv2
until_true "a host that comes back is brought up to date" \
    rows_are hv2 Assignment name web

echo '[' > "$work/fleet.json"
expect "a bad reload is refused" 2 "fleet.json: line " appctl fleet/reload
expect "and told" 0 "not reloaded" appctl fleet/show
rows_are hv1 Assignment name web
verdict $? "the old fleet stays"
fleet "${db_assignment//hv2/hv1}"
kill -HUP "$pid"
until_true "SIGHUP reloads" rows_are hv1 Assignment name 'db
web'

# Events.
publishers=
publish() {
    "$xfsm" run -q "$work/hello.xml" --pcap "$work/scan.pcap" --host "$1" \
        --publish "ipc://$work/$2" --wait-subscriber "$patience" \
        > "$work/$1.events" 2>&1 &
    publishers="$publishers $!"
}
"$build/tests/golden/make-capture" scan-100ports "$work/scan.pcap" || exit 1
publish hv1 hub1
publish hv2 hub2
have_all() {
    local n
    n=$(wc -l < "$work/hv1.events")
    [ "$n" -gt 0 ] &&
        [ "$(grep -c '"host":"hv1"' "$work/events")" = "$n" ] &&
        [ "$(grep -c '"host":"hv2"' "$work/events")" = "$n" ]
}
until_true "events of both hosts" have_all
wait $publishers
grep '"host":"hv2"' "$work/events" | cmp - "$work/hv2.events" > "$work/out" 2>&1
verdict $? "events as they were published"
expect "events are counted" 0 "[1-9][0-9]* received, 0 lost, 0 refused" \
    appctl fleet/show
mv "$work/events" "$work/events.1"
expect "events are reopened" 0 "" appctl events/reopen
[ -e "$work/events" ]
verdict $? "a new file"
expect "version of the daemon" 0 "[0-9]" appctl version

cp "$work/controller.log" "$work/out"
! grep -v -e 'fleet stays' -e 'hv2.sock' -e 'somebody changed' "$work/controller.log" |
    grep -E '\|(EMER|ERR|WARN)\|'
verdict $? "nothing alarming in the log"
appctl exit
until_true "exit" sh -c "! kill -0 $pid 2> /dev/null"
rows_are hv1 Assignment name 'db
web'
verdict $? "rows stay"

echo "$((number - failed)) passed, $failed failed"
[ $failed = 0 ]
