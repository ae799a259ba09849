#!/bin/bash
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
#
# xfsm-ctl against a real ovsdb-server: makes, upgrades and refuses databases,
# stores programs, assigns them to ports, shows.

set -u

ctl=${XFSM_BUILD_DIR:?}/utilities/xfsm-ctl
run=$(mktemp -d)
server=
failed=0
number=0

export OVS_RUNDIR=$run OVS_DBDIR=$run OVS_LOGDIR=$run OVS_SYSCONFDIR=$run
export XFSM_PKGDATADIR=$run/data

cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    rm -rf "$run"
}
trap cleanup EXIT

if ! command -v ovsdb-server >/dev/null; then
    echo "no ovsdb-server (Debian: openvswitch-switch)"
    exit 77
fi

verdict() {
    number=$((number + 1))
    if [ "$1" = ok ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        sed 's/^/# /' "$run/out"
        failed=1
    fi
}

# works NAME PATTERN COMMAND...: exits 0 and prints a line like PATTERN, or
# whatever where PATTERN is empty.
works() {
    local name=$1 pattern=$2
    shift 2
    if "$@" > "$run/out" 2>&1 &&
       { [ -z "$pattern" ] || grep -q -- "$pattern" "$run/out"; }; then
        verdict ok "$name"
    else
        verdict bad "$name"
    fi
}

# fails NAME PATTERN COMMAND...: exits 1 and prints a line like PATTERN.
fails() {
    local name=$1 pattern=$2 status
    shift 2
    "$@" > "$run/out" 2>&1
    status=$?
    if [ $status -eq 1 ] && grep -q -- "$pattern" "$run/out"; then
        verdict ok "$name"
    else
        verdict bad "$name (exit status $status)"
    fi
}

start_server() {
    ovsdb-server --detach --no-chdir --pidfile="$run/ovsdb-server.pid" \
        --log-file="$run/ovsdb-server.log" \
        --remote="punix:$run/db.sock" --remote=ptcp:0:127.0.0.1 "$@" \
        2>/dev/null || exit 1
    server=$(cat "$run/ovsdb-server.pid")
}

server_ctl() {
    ovs-appctl -t "$run/ovsdb-server.$server.ctl" "$@"
}

vsctl() {
    ovs-vsctl --db="unix:$run/db.sock" --no-wait "$@"
}

schema=$run/data/xfsm.ovsschema
newer=$run/newer.ovsschema
mkdir -p "$run/data/programs"
cp "$top_srcdir/ovsdb-schema/xfsm.ovsschema" "$schema"
sed 's/"version": "[0-9.]*"/"version": "900.0.0"/' "$schema" > "$newer"
for name in scan flood; do
    cat > "$run/data/programs/$name.xml" <<END
<streamon><statedef id="default"/></streamon>
END
done
cp "$run/data/programs/scan.xml" "$run/mine.xml"

switch_schema=$OVS_SRCDIR/vswitchd/vswitch.ovsschema
ovsdb-tool create "$run/conf.db" "$switch_schema" || exit 1
start_server "$run/conf.db"
vsctl add-br br0 -- add-port br0 p1 || exit 1

# The database.
fails "before init a command says what to do" 'run "xfsm-ctl init"' \
    "$ctl" show
works "init creates it" 'created and added' "$ctl" init
works "init is idempotent" 'served already' "$ctl" init
works "the switch's database is served still" '^p1$' vsctl list-ports br0
works "it is served" 'cur_cfg' "$ctl" list XFSM_Global
server_ctl ovsdb-server/remove-db XFSM
works "init adds one that the server forgot" 'xfsm.db: added' "$ctl" init
fails "a missing schema file" 'No such file' "$ctl" --schema="$run/no" init
fails "a file that is no schema" 'not a database schema' \
    "$ctl" --schema=<(echo '{}') init
port=$(sed -n 's/.*listening on port \([0-9]*\).*/\1/p' \
           "$run/ovsdb-server.log")
fails "a server on another machine" 'not of the form unix:FILE' \
    "$ctl" --db="tcp:127.0.0.1:$port" init
fails "no server" 'connection failed' "$ctl" --db="unix:$run/no.sock" show

# Programs.
works "library programs are listed" '^scan: library' "$ctl" list-programs
works "add-program" '' "$ctl" --force add-program "$run/mine.xml"
works "it is listed" '^mine: database' "$ctl" list-programs
works "its source is stored" statedef "$ctl" get Program mine source
works "add-program with a name replaces" '' \
    "$ctl" --force add-program "$run/mine.xml" scan
works "and hides the one of the library" '^scan: database' \
    "$ctl" list-programs
fails "no such file" 'No such file' "$ctl" add-program "$run/no.xml"
fails "a folder" 'regular file' "$ctl" add-program "$run" x
: > "$run/empty.xml"
fails "an empty file" 'is empty' "$ctl" add-program "$run/empty.xml"
fails "a pipe" 'regular file' "$ctl" add-program <(:) x
head -c $((1024 * 1024)) /dev/zero | tr '\0' ' ' > "$run/big.xml"
works "1 MiB" '' "$ctl" --force add-program "$run/big.xml"
echo >> "$run/big.xml"
fails "1 MiB and one byte" 'the limit is' \
    "$ctl" --force add-program "$run/big.xml"
printf 'a\0b' > "$run/nul.xml"
fails "a NUL byte" 'NUL byte' "$ctl" --force add-program "$run/nul.xml"
printf '\xff\xfe' > "$run/latin.xml"
fails "not UTF-8" 'UTF-8' "$ctl" --force add-program "$run/latin.xml"
for bad in none '' a/b a,b -x "$(printf '%064d' 0)"; do
    fails "a program cannot be named '${bad:0:9}'" 'program' \
        "$ctl" --force -- add-program "$run/mine.xml" "$bad"
done
works "63 characters can be a name" '' \
    "$ctl" --force add-program "$run/mine.xml" "$(printf '%063d' 0)"
if [ -x "$XFSM_BUILD_DIR/utilities/xfsm" ]; then
    echo '<nonsense' > "$run/bad.xml"
    fails "a program that does not compile is refused" 'bad.xml' \
        "$ctl" add-program "$run/bad.xml"
    works "except with --force" '' "$ctl" --force add-program "$run/bad.xml"
fi
works "del-program" '' "$ctl" del-program mine
fails "del-program twice" 'no program named "mine"' "$ctl" del-program mine
works "del-program --if-exists" '' "$ctl" --if-exists del-program mine

# Ports.
works "enable" '' "$ctl" enable p1 flood
works "target and programs" '{port=p1}' "$ctl" get Assignment port:p1 target
works "enable adds" 'flood, scan' \
    bash -c "$ctl enable p1 scan && $ctl show"
works "a port that is not there is told" 'no port named "p9" now' \
    "$ctl" enable p9 scan
fails "an unknown program" 'known: .*flood' "$ctl" enable p1 nonesuch
works "an unknown program with --force" '' "$ctl" --force enable p8 later
many=$(seq -s, 100 132)
fails "33 programs" 'a port can run 32' "$ctl" --force enable p7 "$many"
works "32 programs" '' "$ctl" --force enable p7 "${many%,*}"
works "disable one" 'Assignment port:p1: scan on' \
    bash -c "$ctl disable p1 flood && $ctl show"
fails "disable what is not enabled" 'was not enabled' "$ctl" disable p1 flood
works "disable" '' "$ctl" disable p1
fails "disable twice" 'nothing was enabled' "$ctl" disable p1
works "disable --if-exists" '' "$ctl" --if-exists disable p1
works "all in one transaction" 'Assignment port:p1: new on' \
    "$ctl" --force add-program "$run/mine.xml" new -- enable p1 new -- show
fails "all or nothing" 'no program named' \
    "$ctl" del-program new -- del-program nonesuch
works "nothing indeed" '^new$' "$ctl" get Program new name

# Waiting for the agent, played by another xfsm-ctl.
works "--wait waits for cur_cfg" '' bash -c "
    before=\$($ctl get XFSM_Global . next_cfg)
    $ctl --timeout=20 --wait enable p2 flood 2>/dev/null &
    $ctl --timeout=20 wait-until XFSM_Global . next_cfg=\$((before + 1)) &&
    kill -0 \$! && $ctl set XFSM_Global . cur_cfg=\$((before + 1)) && wait \$!"

# The row that all of this needs is made when it is missing.
works "without the row" '^$' bash -c "
    $ctl destroy XFSM_Global . && $ctl list XFSM_Global && echo"
works "a command that only reads makes none" '^$' \
    bash -c "$ctl show >/dev/null && $ctl list XFSM_Global && echo"
works "--wait makes it" '' bash -c "
    $ctl --timeout=20 --wait disable p2 &
    $ctl --timeout=20 wait-until XFSM_Global . next_cfg=1 &&
    $ctl set XFSM_Global . cur_cfg=1 && wait \$!"

# What the agent writes is shown.
"$ctl" create Probe interface=p1 port=p1 bridge=br0 programs=new \
    status=degraded error='"no such thing"' pid=12 running_programs=new \
    statistics='{packets=5,dropped=0,events=1,rx_ring_full=7}' \
    state_keys='"new/seen"=2' last_event=hello > /dev/null
for line in 'Bridge br0' '    Port p1' 'Interface p1: degraded, pid 12' \
            'error: no such thing' 'state new/seen: 2 keys' \
            'packets 5, dropped 0, events 1, rx_ring_full 7' \
            'last event: hello'; do
    works "show prints '$line'" "$line" "$ctl" show
done

# Upgrades.
works "an older database is converted" 'converted from' \
    "$ctl" --schema="$newer" init
works "what was in it stays" '^new$' "$ctl" get Program new name
works "as it was, it is kept" 'backup' bash -c "ls $run"
fails "a newer database is refused" 'newer than' "$ctl" init
works "and served still" '^new$' "$ctl" get Program new name
server_ctl ovsdb-server/remove-db XFSM
fails "a newer one not served is refused too" 'newer than' "$ctl" init
works "with its schema it is added" 'added' "$ctl" --schema="$newer" init

echo "1..$number"
exit $failed
