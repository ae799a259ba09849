#!/bin/bash
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
#
# The command xfsm as its users meet it: arguments, exit codes, files, pipes.

set -u

top=${top_srcdir:?} build=${top_builddir:?}
xfsm=$build/utilities/xfsm
work=$(mktemp -d)
number=0
failed=0

# Ends what runs still, and nothing else: the number of a process that has
# ended can be another's.
cleanup() {
    kill $(jobs -pr) 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

export XFSM_PROGRAMS_DIR=$top/utilities/programs

verdict() {
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        head -q -n 10 "$work/out" "$work/err" | sed 's/^/# /'
        failed=$((failed + 1))
    fi
}

# expect NAME STATUS PATTERN COMMAND...: exits with STATUS and prints, on
# either stream, a line that matches PATTERN (if that is not empty).
expect() {
    local name=$1 status=$2 pattern=$3 got
    shift 3
    timeout 60 "$@" > "$work/out" 2> "$work/err" < /dev/null
    got=$?
    if [ $got = "$status" ] &&
       { [ -z "$pattern" ] ||
         cat "$work/out" "$work/err" | grep -q -e "$pattern"; }; then
        verdict 0 "$name"
    else
        verdict 1 "$name (exit status $got, not $status, or no $pattern)"
    fi
}

# same NAME FILE FILE: the files are the same.
same() {
    cmp "$2" "$3" > "$work/cmp" 2>&1
    verdict $? "$1: $(cat "$work/cmp")"
}

# has NAME PATTERN FILE: a line of FILE matches PATTERN.
has() {
    grep -q -e "$2" "$3"
    verdict $? "$1"
}

# wait_for COMMAND...: until it succeeds, 20 seconds at most.
wait_for() {
    local end=$((SECONDS + 20))
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

capture=$work/scan.pcap
"$build/tests/golden/make-capture" scan-100ports "$capture" || exit 1
"$build/tests/golden/make-capture" synflood-spoofed "$work/flood.pcap" || exit 1

# Names a program with an error in line 4.
cat > "$work/bad.xml" <<END
<botstream>
  <statedef id="default"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="nowhere"><condition expression="true" action=""/></state>
  </event>
</botstream>
END
cat > "$work/traced.xml" <<END
<botstream>
  <source type="trace" name="$capture"/>
  <publisher protocol="tcp" ip="*" port="5560"/>
  <statedef id="default"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="default"><condition expression="true"
     action="Publish(log, hello %ip_src)"/></state>
  </event>
</botstream>
END
sed 's,type="trace" name="[^"]*",type="live" name="eth0",' \
    "$work/traced.xml" > "$work/live.xml"
grep -v -e '<source' -e '<publisher' "$work/traced.xml" > "$work/plain.xml"

# The command line.
expect "help" 0 "usage: xfsm COMMAND" "$xfsm" --help
expect "version" 0 "^xfsm (ovs-xfsm) [0-9]" "$xfsm" --version
expect "no command" 64 "usage" "$xfsm"
expect "unknown command" 64 'unknown command "chekc"' "$xfsm" chekc
expect "unknown option" 64 'unknown option "--frob"' "$xfsm" --frob
for command in check compile run events fields; do
    expect "$command --help" 0 "usage: xfsm $command" "$xfsm" $command --help
    expect "$command --frob" 64 "Try \"xfsm $command --help\"" \
        "$xfsm" $command --frob
done

# check
expect "check a good program" 0 "portscan.xml: ok$" \
    "$xfsm" check "$XFSM_PROGRAMS_DIR/portscan.xml"
expect "check by the library's name" 0 "portscan.xml: ok$" \
    "$xfsm" check portscan
expect "check says file and line" 1 "^$work/bad.xml:4: .*nowhere" \
    "$xfsm" check "$work/bad.xml"
expect "check closes with a verdict" 1 "bad.xml: refused: 1 error$" \
    "$xfsm" check portscan "$work/bad.xml"
expect "check of nothing" 64 "which PROGRAM" "$xfsm" check
expect "check of a missing file" 1 "no/such.xml: cannot open the program (No" \
    "$xfsm" check no/such.xml
expect "check of a missing name" 1 "no such program in the library" \
    "$xfsm" check nosuch
expect "check of a folder" 1 "is a folder" "$xfsm" check "$work"
head -c 1048577 /dev/zero | tr '\0' ' ' > "$work/long.xml"
expect "check of too long a text" 1 "longer than the 1048576 bytes" \
    "$xfsm" check "$work/long.xml"
: > "$work/empty.xml"
expect "check of an empty file" 1 "empty.xml" "$xfsm" check "$work/empty.xml"

# compile
expect "compile" 0 "" "$xfsm" compile portscan -o "$work/image"
expect "check an image" 0 "image: ok (image)" "$xfsm" check "$work/image"
"$xfsm" compile --name portscan - -o - \
    < "$XFSM_PROGRAMS_DIR/portscan.xml" > "$work/image2" 2> "$work/err"
same "compile from and to pipes" "$work/image" "$work/image2"
head -c 100 "$work/image" > "$work/cut"
expect "check of a cut image" 1 "$work/cut: " "$xfsm" check "$work/cut"
expect "compile a bad program" 1 "bad.xml:4: " \
    "$xfsm" compile "$work/bad.xml" -o "$work/none"
expect "no image of a bad program" 1 "" test -e "$work/none"
expect "no remains of one either" 1 "" \
    sh -c "ls '$work' | grep -q '^none'"
expect "compile to nowhere" 64 "Say -o IMAGE" "$xfsm" compile portscan
expect "compile into no folder" 1 "cannot create" \
    "$xfsm" compile portscan -o "$work/no/image"
"$xfsm" compile --name evil - -o - < "$work/bad.xml" \
    > "$work/out" 2> "$work/err"
has "diagnostics of standard input name the program" "^evil:4: " "$work/err"

# run
"$xfsm" run portscan --pcap "$capture" > "$work/events" 2> "$work/stats"
has "run: statistics" "^200 packets, .* 1 events in" "$work/stats"
has "run: what is counted" "^  packets  *200  Packets processed$" "$work/stats"
has "run: an alert" '"label":"alert","program":"portscan"' "$work/events"
"$xfsm" run -q "$work/image" --pcap "$capture" > "$work/events2" 2>&1
same "run an image" "$work/events" "$work/events2"
"$xfsm" run -q portscan --pcap - < "$capture" 2>&1 |
    sed 's/"port":"-"/"port":"scan.pcap"/' > "$work/events2"
same "run a capture from a pipe" "$work/events" "$work/events2"
library=$XFSM_PROGRAMS_DIR
"$xfsm" run -q - --pcap "$capture" < "$library/portscan.xml" \
    > "$work/events2" 2>&1
same "run a program from a pipe" "$work/events" "$work/events2"
expect "run: a program from a pipe, and another" 1 "run alone" \
    "$xfsm" run - portscan --pcap "$capture"
expect "run: both from a pipe" 1 "run alone" "$xfsm" run - --pcap -
expect "run: a program from a pipe, no capture" 1 "nosuch.pcap: No such" \
    "$xfsm" run - --pcap "$work/nosuch.pcap"
# It has limits when it waits for the first packet.
mkfifo "$work/fifo"
"$xfsm" run -q - --pcap "$work/fifo" < "$library/portscan.xml" \
    > "$work/out" 2> "$work/err" &
run=$!
exec 9> "$work/fifo"
wait_for grep -q "^Max core file size *0 *0 " "/proc/$run/limits"
cp "/proc/$run/limits" "$work/err"
has "run: limits of a program from a pipe" "^Max cpu time *8 *8 " "$work/err"
has "run: no core" "^Max core file size *0 *0 " "$work/err"
exec 9>&-
wait "$run"
"$xfsm" run -q "$work/plain.xml" --pcap "$capture" > "$work/events2"
head -n 3 "$work/events2" > "$work/events3"
"$xfsm" run -q --max-events 3 "$work/plain.xml" --pcap "$capture" \
    > "$work/events2"
same "run: so many events" "$work/events3" "$work/events2"
expect "run: bad number of events" 64 '"0" is not a number' \
    "$xfsm" run --max-events 0 portscan --pcap "$capture"
expect "run several" 0 '"program":"synflood"' \
    "$xfsm" run -q portscan,synflood --pcap "$work/flood.pcap"
expect "run: identity" 0 '"host":"h","bridge":"b","port":"p"' \
    "$xfsm" run -q portscan --pcap "$capture" --host h --bridge b --port p
"$xfsm" run -q --label log,critical portscan --pcap "$capture" \
    > "$work/events2" 2>&1
same "run: labels" "$work/events2" /dev/null
"$xfsm" run -q --seed 000102030405060708090a0b0c0d0e0f portscan \
    --pcap "$capture" > "$work/events2" 2>&1
same "run: another seed, the same events" "$work/events" "$work/events2"
expect "run: bad seed" 64 "32 hexadecimal digits" \
    "$xfsm" run --seed 12 portscan --pcap "$capture"

# huge NAME EXPECTED OPTION... : are huge pages asked for?
huge() {
    local name=$1 expected=$2 got=no
    shift 2
    "$xfsm" run portscan "$@" > "$work/out" 2> "$work/err" < /dev/null
    ! grep -q "huge_page_bytes *[1-9]" "$work/err" || got=yes
    [ "$got" = "$expected" ]
    verdict $? "run: huge pages, $name"
}

truncate -s 64M "$work/long"
truncate -s 67108863 "$work/short"
huge "a capture" no --pcap "$capture"
huge "a capture, and asked for" yes --huge-pages --pcap "$capture"
huge "a file of 64 MiB, if of zeros alone" yes --pcap "$work/long"
huge "the same, refused" no --no-huge-pages --pcap "$work/long"
huge "a byte less" no --pcap "$work/short"
huge "no file" no --pcap -
expect "run: bad linger" 64 '"-1" is not a number' \
    "$xfsm" run --linger -1 portscan --pcap "$capture"
expect "run: the program's own source" 0 "hello 192.0.2.66" \
    "$xfsm" run -q "$work/traced.xml"
expect "run: a live source" 1 "ovs-vsctl set Port" \
    "$xfsm" run -q "$work/live.xml"
expect "run: no source" 1 "names no source" "$xfsm" run -q "$work/plain.xml"
expect "run: a bad program" 1 "bad.xml:4: " \
    "$xfsm" run "$work/bad.xml" --pcap "$capture"
expect "run: no program" 64 "which PROGRAM" "$xfsm" run --pcap "$capture"
expect "run: no capture" 2 "$work/nosuch.pcap" \
    "$xfsm" run portscan --pcap "$work/nosuch.pcap"
expect "run: no capture file" 2 "bad.xml" \
    "$xfsm" run portscan --pcap "$work/bad.xml"
head -c -10 "$capture" > "$work/cut.pcap"
expect "run: a cut capture" 2 "cut.pcap: frame 200: truncated" \
    "$xfsm" run -q portscan --pcap "$work/cut.pcap"
has "run: what came before the cut counts" '"label":"alert"' "$work/out"
"$xfsm" run -q "$work/plain.xml" --pcap "$capture" 2> "$work/err" |
    head -1 > "$work/out"
[ ! -s "$work/err" ] && [ -s "$work/out" ]
verdict $? "run: a reader that goes away"
if [ -c /dev/full ]; then
    "$xfsm" run -q portscan --pcap "$capture" > /dev/full 2> "$work/err"
    has "run: a full disk" "cannot write events .*No space" "$work/err"
fi

# run --publish and events
expect "publish: not to the network" 1 "anyone on the network" \
    "$xfsm" run "$work/traced.xml" --publish program
expect "publish: no publisher element" 1 "publisher element" \
    "$xfsm" run portscan --pcap "$capture" --publish program
"$xfsm" run -q "$work/plain.xml" --pcap "$capture" \
    --publish "ipc://$work/hub" --wait-subscriber 20 \
    > "$work/events" 2> "$work/err" &
run=$!
expect "events: all of them" 0 "" "$xfsm" events --connect "ipc://$work/hub" \
    --count 200 --timeout 20
wait $run
same "events: as they were published" "$work/events" "$work/out"
mkdir "$work/run"
"$xfsm" run -q "$work/plain.xml" --pcap "$capture" \
    --publish "ipc://$work/run/xfsm-hub.events" --wait-subscriber 20 \
    > "$work/events" 2> "$work/err2" &
export OVS_RUNDIR=$work/run
expect "events: by default of this host, as text, by topic" 0 \
    '^2026-01-01T00:00:00.000000000Z log      plain scan.pcap default: hello' \
    "$xfsm" events --count 1 --timeout 20 --format text log/plain
expect "events: out of time" 1 "" \
    "$xfsm" events --connect "ipc://$work/nobody" --count 1 --timeout 0.2
expect "events: nobody there" 0 "nobody answers at ipc://$work/nobody" \
    "$xfsm" events --connect "ipc://$work/nobody" --timeout 2
expect "events: bad endpoint" 1 "expected ipc://PATH" \
    "$xfsm" events --connect nowhere
expect "events: bad count" 64 '"x" is not a number' "$xfsm" events --count x

"$xfsm" events --connect "ipc://$work/nobody" > "$work/out" 2> "$work/err" &
pid=$!
wait_for grep -q "nobody answers" "$work/err"
kill -INT $pid
wait $pid
verdict $? "events: SIGINT ends it well"

# fields
expect "fields" 0 "^ip_src  *address  *l3 " "$xfsm" fields
"$xfsm" fields --json > "$work/out" 2> "$work/err"
"${PYTHON:-python3}" -m json.tool < "$work/out" > /dev/null 2> "$work/err"
verdict $? "fields --json is JSON"

echo "$((number - failed)) passed, $failed failed"
[ $failed = 0 ]
