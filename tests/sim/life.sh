#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The unmodified daemon and worker in the simulation, with a real xenstored: a
# disk comes, its registers answer, its worker is killed and another takes over,
# it goes, and nothing is left.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export SIM_BUILD=${SIM_BUILD:-$here/../..}
[ -n "${SIM_WORLD:-}" ] || exec "$here/run.sh" "$0"

build=$(cd "$SIM_BUILD" && pwd)
run=$SIM_WORLD/run
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :' EXIT

fail() {
	echo "FAIL: $*"
	cat "$SIM_WORLD/daemon.log"
	exit 1
}

# within SECONDS COMMAND...
within() {
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "not in time: $*"
		sleep 0.02
	done
}

vblk() {
	"$build/xen-vblk" -s "$run/control" "$@"
}

count() {
	"$SIMCTL" stats | sed -n "s/^$1 //p"
}

nothing_left() {
	[ "$(count foreign_maps)$(count grant_maps)" = 00 ] &&
		[ "$(count resource_maps)$(count servers)" = 00 ]
}

cat >"$SIM_WORLD/conf" <<C
worker = $build/xen-vblk-worker
runtime-dir = $run
socket = $run/control
C
LD_LIBRARY_PATH=$SIM_LIBS "$build/xen-vblkd" -c "$SIM_WORLD/conf" \
	>"$SIM_WORLD/daemon.log" 2>&1 &
pid=$!
within 10 vblk list

truncate -s 16M "$SIM_WORLD/disk.img"
id=$("$SIMCTL" create one 64 2)
read -r base _ < <("$SIMCTL" disk-add "$id" xvda "$SIM_WORLD/disk.img" grants) ||
	fail "disk-add"
# "virt", version 2, a block device
[ "$("$SIMCTL" read "$id" "$base")" = 0x74726976 ] || fail "no magic"
[ "$("$SIMCTL" read "$id" $((base + 4)))" = 0x2 ] || fail "version"
[ "$("$SIMCTL" read "$id" $((base + 8)))" = 0x2 ] || fail "device"
"$SIMCTL" invalidate "$id" || fail "invalidate"
"$SIMCTL" write "$id" $((base + 0x70)) 3 || fail "status"

old=$(pgrep -P "$pid" -f xen-vblk-worker) || fail "no worker"
kill -9 "$old"
# The vCPU waits for whoever comes next, which knows what was written.
[ "$("$SIMCTL" read "$id" $((base + 0x70)))" = 0x3 ] || fail "status is lost"
new=$(pgrep -P "$pid" -f xen-vblk-worker) || fail "no other worker"
[ "$new" != "$old" ] || fail "the worker was not killed"

"$SIMCTL" disk-remove "$id" xvda || fail "disk-remove"
"$SIMCTL" destroy "$id" || fail "destroy"
within 5 nothing_left
[ "$("$SIMCTL" list)" = "" ] || fail "a domain is left: $("$SIMCTL" list)"
! "$SIMCTL" read "$id" "$base" 2>/dev/null || fail "a domain that is gone"

kill "$pid"
wait "$pid" || fail "the daemon ended with $?"
pid=
