#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Calls of libxenstore fail, one after the other, while a disk comes and goes. A
# daemon that can't read xenstore any more ends, and says so; what it can't write is
# in its log. The next one, if one is needed, goes on; nothing of that guest is
# left, and a bystander's disk works. Then the device model: xl is not told that a
# guest may run, or hears why not.

set -euo pipefail
# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

export SIM_PATIENCE_MS=4000
preload=$SIM_LIBS/libxensim-store.so
: >"$SIM_WORLD/daemon.log"
what=nothing

fail() {
	echo "FAIL: with $what: $*"
	tail -n 30 "$SIM_WORLD/daemon.log"
	exit 1
}

# lives: the daemon has not ended
lives() {
	kill -0 "$pid" 2>/dev/null
}

# served WORD...: of simctl, which does not wait for a daemon that has ended
served() {
	local waiting

	"$SIMCTL" "$@" 2>/dev/null &
	waiting=$!
	while kill -0 $waiting 2>/dev/null; do
		lives || kill $waiting 2>/dev/null || :
		pause 0.02
	done
	wait $waiting
}

# The disk comes, is looked at, and goes, as far as that is possible.
life() {
	local id rest

	id=$("$SIMCTL" create one 4 1)
	if rest=$(served disk-add "$id" xvda "$SIM_WORLD/disk.img"); then
		"$SIMCTL" read "$id" "${rest% *}" >"$SIM_WORLD/read" 2>&1 || :
		served disk-remove "$id" xvda || :
	fi
	lives || export SIM_PATIENCE_MS=200
	"$SIMCTL" destroy "$id" 2>/dev/null || :
	SIM_PATIENCE_MS=4000
}

# It lives, or has ended as it says; one is there in the end.
daemon_goes_on() {
	local status=0

	if vblk list >/dev/null 2>&1; then
		return
	fi
	wait "$pid" || status=$?
	[ $status = 1 ] || fail "the daemon ended with $status"
	said "xenstore can't be read" || said "xenstored is lost" ||
		fail "it does not say why it ends"
	ends=$((ends + 1))
	# shellcheck disable=SC2119 # no lines
	daemon_start
}

only_bystander() {
	[ "$(held)" = "$at_rest" ] && [ "$("$SIMCTL" list | wc -l)" = 1 ]
}

# walk LAST KIND...: of each kind the calls up to that one, as long as there are any
walk() {
	local last=$1 kind n fault

	shift
	for kind; do
		failed=0 ends=0
		for ((n = 1; n <= last; n++)); do
			what=$kind:$n:EIO
			look
			fault=$("$SIMCTL" fault "$what")
			life
			hits=$("$SIMCTL" fault-hits "$fault")
			"$SIMCTL" fault clear
			! said "(null)" || fail "words are missing"
			daemon_goes_on
			within 15 only_bystander
			status_is 0x3 || fail "the bystander's disk"
			[ "$hits" -gt 0 ] || break
			failed=$((failed + 1))
		done
		[ $failed -gt 0 ] || fail "no call failed"
		echo "$kind: $failed calls failed, $ends daemons ended"
	done
	what=nothing
}

truncate -s 1M "$SIM_WORLD/disk.img" "$SIM_WORLD/bystander.img"

echo "--- it does not begin without xenstore"
for what in xs_read:1:EACCES xs_watch:1:EIO xs_watch:3:EIO; do
	printf '%s\n' "worker = $product/xen-vblk-worker" "runtime-dir = $run" \
		"socket = $run/control" >"$SIM_WORLD/conf"
	! SIM_FAIL=$what LD_PRELOAD=$preload \
		LD_LIBRARY_PATH=$SIM_LIBS timeout 20 "$product/xen-vblkd" \
		-c "$SIM_WORLD/conf" >"$SIM_WORLD/daemon.log" 2>&1 ||
		fail "it runs"
	grep -qF "xenstore can't be used: " "$SIM_WORLD/daemon.log" ||
		fail "it does not say why"
done

# shellcheck disable=SC2119 # no lines
daemon_start
id=$("$SIMCTL" create bystander 4 1)
read -r base _ < <("$SIMCTL" disk-add "$id" xvda "$SIM_WORLD/bystander.img") ||
	fail "disk-add"
"$SIMCTL" write "$id" $((base + 0x70)) 3 || fail "status"
at_rest=$(held)
walk 6 xs_write xs_start xs_end
walk 3 xs_list xs_events
walk 12 xs_read

echo "--- what can't be read or written is said"
# says FAULT WORDS: what is logged of a life with it
says() {
	what=$1
	look
	"$SIMCTL" fault "$what" >/dev/null
	life
	"$SIMCTL" fault clear
	said "$2: Input/output error" || fail "no word"
}

says xs_start:1:EIO "its xenstore nodes can't be read"
says xs_end:1:EIO "its xenstore nodes can't be read"
says xs_write:1:EIO "state can't be written to xenstore"
says xs_write:2:EIO "state 6 can't be written to xenstore"

echo "--- a generic device is in use before that could be written"
daemon_stop
daemon_start "[disk two/virtio0]" "path = $SIM_WORLD/disk.img"
what=xs_write:1:EIO:ever
look
two=$("$SIMCTL" create two 4 1)
"$SIMCTL" fault $what >/dev/null
"$SIMCTL" generic-add "$two" virtio,device2 >/dev/null || fail "generic-add"
ready() {
	[ "$("$SIMCTL" store-read "/local/domain/0/backend/virtio/$two/0/state")" = 2 ]
}
said_twice() {
	[ "$(grep -cF "dom$two/virtio0: state can't be written to xenstore" \
		"$SIM_WORLD/daemon.log")" -ge 2 ]
}
within 5 said_twice
"$SIMCTL" fault clear
within 5 ready
"$SIMCTL" destroy "$two" || fail "destroy"

# refused: a disk that is none, whatever it is that fails with it
refused() {
	look
	one=$("$SIMCTL" create one 4 1)
	! "$SIMCTL" disk-add "$one" xvda relative.img 2>/dev/null ||
		fail "it is served"
}

what=xs_remove:1:EIO
"$SIMCTL" fault $what >/dev/null
refused
"$SIMCTL" fault clear
said "the failure can't be written to xenstore: Input/output error" || fail "no word"
"$SIMCTL" destroy "$one" || fail "destroy"
refused
what=xs_write:1:EIO
"$SIMCTL" fault $what >/dev/null
# Whether another scan comes by itself, depends.
"$SIMCTL" disk-remove "$one" xvda 2>/dev/null || :
"$SIMCTL" fault clear
said "state 6 of disk 51712 can't be written to xenstore: Input/output error" ||
	fail "no word"
"$SIMCTL" destroy "$one" || fail "destroy"
"$SIMCTL" destroy "$id" || fail "destroy"
daemon_stop

# model FAULT WORDS [WORD...]: a device model that meets it, for a new guest
model() {
	local status=0

	what=$1
	id=$("$SIMCTL" create model 4 1)
	"$SIMCTL" generic-add "$id" virtio,device2 >/dev/null
	printf '%s\n' "worker = $product/xen-vblk-worker" \
		"runtime-dir = $run" >"$SIM_WORLD/conf"
	SIM_FAIL=$1 LD_PRELOAD=$preload \
		LD_LIBRARY_PATH=$SIM_LIBS timeout 20 "$product/xen-vblk-dm" \
		-xen-domid "$id" -config "$SIM_WORLD/conf" \
		-disk "index=0,path=$SIM_WORLD/disk.img" "${@:3}" \
		>"$SIM_WORLD/daemon.log" 2>&1 &
	pid=$!
	within 15 grep -qF "$2" "$SIM_WORLD/daemon.log"
}

model_gone() {
	"$SIMCTL" destroy "$id" 2>/dev/null || :
	wait "$pid" || :
	pid=
	within 10 nothing_left
}

runs() {
	[ "$("$SIMCTL" store-read "/local/domain/0/device-model/$id/state" \
		2>/dev/null)" = running ]
}

echo "--- a device model"
model xs_write:2:EIO "xl can't be told that the disks are ready"
! runs || fail "xl is told"
model_gone
model xs_start:3:EIO "channel 1 can't be closed, the guest may wait for it: Input/output error" \
	-chardev "socket,id=libxl-channel1,path=$SIM_WORLD/none,server=on,wait=off"
within 5 runs
model_gone
model xs_end:1:EIO "state 6 of device 0 can't be written to xenstore" -drive a
model_gone
