#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of a disk, again and again: each time the next call into Xen's
# libraries fails, one kind after the other, until none is left to fail. A disk
# may be refused then, or its guest die; but the daemon lives, nothing is left
# of that guest, and the next one is served.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export SIM_BUILD=${SIM_BUILD:-$here/../..}
[ -n "${SIM_WORLD:-}" ] || exec "$here/run.sh" "$0"

build=$(cd "$SIM_BUILD" && pwd)
run=$SIM_WORLD/run
what=nothing
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :' EXIT

fail() {
	echo "FAIL: with $what: $*"
	tail -n 20 "$SIM_WORLD/daemon.log"
	"$SIMCTL" stats | awk '$2 != 0' | tail -n 12
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
	local name

	for name in foreign_maps grant_maps resource_maps servers; do
		[ "$(count $name)" = 0 ] || return 1
	done
	[ -z "$("$SIMCTL" list)" ] && ! pgrep -P "$pid" -f xen-vblk-worker
}

# A guest's disk comes, is looked at, and goes; the status says if all went well.
life() {
	local id base rest status=0

	id=$("$SIMCTL" create one 16 2)
	if rest=$("$SIMCTL" disk-add "$id" xvda "$SIM_WORLD/disk.img" grants \
			2>/dev/null); then
		read -r base _ <<<"$rest"
		[ "$("$SIMCTL" read "$id" "$base" 2>/dev/null)" = 0x74726976 ] ||
			status=1
		"$SIMCTL" invalidate "$id" 2>/dev/null || status=1
		"$SIMCTL" disk-remove "$id" xvda 2>/dev/null || status=1
	else
		status=1
	fi
	"$SIMCTL" destroy "$id" 2>/dev/null || status=1
	return $status
}

cat >"$SIM_WORLD/conf" <<C
worker = $build/xen-vblk-worker
runtime-dir = $run
socket = $run/control
C
truncate -s 16M "$SIM_WORLD/disk.img"
LD_LIBRARY_PATH=$SIM_LIBS "$build/xen-vblkd" -c "$SIM_WORLD/conf" \
	>"$SIM_WORLD/daemon.log" 2>&1 &
pid=$!
within 10 vblk list
life || fail "the first life"
within 5 nothing_left

for kind in dm_open fm_open ev_open gnt_open restrict dm_vcpus dm_create \
	fm_resource dm_state ev_bind dm_map_range ev_pending ev_unmask \
	ev_notify dm_unmap_range dm_destroy fm_unresource ev_unbind xc_info
do
	for ((n = 1; ; n++)); do
		what=$kind:$n:EIO
		fault=$("$SIMCTL" fault "$what")
		life || :
		hits=$("$SIMCTL" fault-hits "$fault")
		"$SIMCTL" fault clear
		within 15 nothing_left
		vblk list >/dev/null || fail "the daemon does not answer"
		[ "$hits" -gt 0 ] || break
	done
	echo "$kind: $((n - 1)) calls failed"
done
what=nothing
life || fail "the last life"
kill "$pid"
wait "$pid" || fail "the daemon ended with $?"
pid=
