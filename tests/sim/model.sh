#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# xen-vblk-dm started by hand, with the words that libxl would use: it says in
# xenstore that a guest may run, gives up where something is wrong, and goes on
# where another was killed.

set -euo pipefail

# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

fail() {
	echo "FAIL: $*"
	cat "$SIM_WORLD/model.log"
	exit 1
}

export SIM_PATIENCE_MS=4000
conf=$SIM_WORLD/conf
disk=$SIM_WORLD/disk.img
printf '%s\n' "worker = $product/xen-vblk-worker" "runtime-dir = $run" >"$conf"
truncate -s 16M "$disk"
: >"$SIM_WORLD/model.log"

# model_start WORD...: as libxl begins the line for domain $id
model_start() {
	LD_LIBRARY_PATH=$SIM_LIBS "$product/xen-vblk-dm" -xen-domid "$id" \
		-no-shutdown \
		-chardev "socket,id=libxl-cmd,path=$SIM_WORLD/qmp,server=on,wait=off" \
		-mon chardev=libxl-cmd,mode=control \
		-chardev "socket,id=libxl-channel1,path=$SIM_WORLD/none,server=on,wait=off" \
		-nodefaults -no-user-config -xen-attach -name guest -vnc none \
		-display none -machine xenpv -m 16 -config "$conf" "$@" \
		>"$SIM_WORLD/model.log" 2>&1 &
	pid=$!
}

# model_ends STATUS WORDS
model_ends() {
	local status=0

	wait "$pid" || status=$?
	pid=
	[ $status = "$1" ] || fail "it ended with $status, not $1"
	grep -qF -- "$2" "$SIM_WORLD/model.log" || fail "no word of '$2'"
}

began_or_ended() {
	grep -q "serving again" "$SIM_WORLD/model.log" ||
		! kill -0 "$pid" 2>/dev/null
}

store() {
	"$SIMCTL" store-read "$1" 2>/dev/null
}

ready() {
	[ "$(store "/local/domain/0/device-model/$id/state")" = running ] &&
		grep -q "ready\$" "$SIM_WORLD/model.log"
}

served() {
	"$product/xen-vblk" -s "$run/$id.control" list | grep -q running
}

device_is() {
	[ "$(store "/local/domain/0/backend/virtio/$id/0/state")" = "$1" ]
}

# With one generic device.
guest() {
	id=$("$SIMCTL" create guest 16 1)
	read -r base _ < <("$SIMCTL" generic-add "$id" virtio,device2 grants) ||
		fail "generic-add"
}

gone() {
	"$SIMCTL" destroy "$id" || fail "destroy"
	within 5 nothing_left
	[ -z "$(find "$run" -name "$id.*")" ] || fail "$(ls "$run")"
}

echo "--- ready, and ended by libxl; another guest is not touched"
guest
other=$id
guest
model_start -disk "index=0,path=$disk"
within 10 ready
within 5 served
[ -S "$SIM_WORLD/qmp" ] || fail "no socket for libxl"
[ "$("$SIMCTL" read "$id" "$base")" = 0x74726976 ] || fail "no magic"
kill -HUP "$pid"
model_ends 0 "SIGHUP: the guest ends"
device_is 6 || fail "the device is not closed"
[ "$(store "/local/domain/0/backend/virtio/$other/0/state")" = 1 ] ||
	fail "the other guest's is closed"
"$SIMCTL" store-write "/local/domain/0/backend/virtio/$other/0/state" 6
"$SIMCTL" destroy "$other" || fail "destroy"
gone

echo "--- ready, with channels that nobody serves"
guest
channel=/local/domain/0/backend/console/$id
"$SIMCTL" store-write "$channel/1/state" 1
"$SIMCTL" store-write "$channel/0/state" 1
model_start -disk "index=0,path=$disk" -chardev \
	"socket,id=libxl-channel2,path=$SIM_WORLD/none2,server=on,wait=off"
within 10 ready
[ "$(store "$channel/1/state")" = 6 ] || fail "the channel is not closed"
[ "$(store "$channel/0/state")" = 1 ] || fail "that is xenconsoled's"
! store "$channel/2" || fail "a channel that was not there is made"
kill -HUP "$pid"
model_ends 0 "SIGHUP: the guest ends"
"$SIMCTL" store-remove "$channel"
gone

echo "--- ready, and the guest is gone"
guest
model_start -disk "index=0,path=$disk" -log-level debug
within 10 ready
"$SIMCTL" destroy "$id" || fail "destroy"
model_ends 0 "the guest is gone"
within 5 nothing_left

echo "--- ended and killed, and another goes on"
guest
model_start -disk "index=0,path=$disk"
within 10 ready
"$SIMCTL" write "$id" $((base + 0x70)) 3 || fail "status"
for signal in TERM KILL; do
	kill -s $signal "$pid"
	wait "$pid" 2>/dev/null || :
	pid=
	within 5 let_go
	model_start -disk "index=0,path=$disk"
	within 10 grep -q "serving again" "$SIM_WORLD/model.log"
	[ "$("$SIMCTL" read "$id" $((base + 0x70)))" = 0x3 ] ||
		fail "the status is lost"
done

echo "--- killed, and the next one can't: the guest waits, nothing is closed"
kill -9 "$pid"
wait "$pid" 2>/dev/null || :
within 5 let_go
mv "$disk" "$disk.away"
model_start -disk "index=0,path=$disk"
model_ends 1 "ended with an error"
device_is 2 || fail "the device is not what it was"
mv "$disk.away" "$disk"
model_start -drive a
model_ends 2 "there is no option -drive"
device_is 2 || fail "somebody who was started wrongly has closed it"

echo "--- xenstore fails when it begins for a guest that runs: nothing is closed"
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	SIM_FAIL=xs_read:$n:EIO LD_PRELOAD=$SIM_LIBS/libxensim-store.so \
		model_start -disk "index=0,path=$disk"
	within 10 began_or_ended
	device_is 2 || fail "after read $n the device is not what it was"
	kill -9 "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
	within 5 let_go
done
model_start -disk "index=0,path=$disk"
within 10 grep -q "serving again" "$SIM_WORLD/model.log"
[ "$("$SIMCTL" read "$id" $((base + 0x70)))" = 0x3 ] ||
	fail "the status is lost"
kill -HUP "$pid"
model_ends 0 "SIGHUP: the guest ends"
gone

# refused STATUS WORDS WORD...: and what libxl waits for is closed
refused() {
	guest
	model_start "${@:3}"
	model_ends "$1" "$2"
	device_is 6 || fail "libxl would wait for a device that nobody serves"
	! ready || fail "the guest would run"
	gone
}

echo "--- refused"
refused 1 "absent.img does not exist" -disk "index=0,path=$SIM_WORLD/absent.img"
refused 1 "the guest has no such block device" -disk "index=0,path=$disk" \
	-disk "index=1,path=$disk"
refused 1 "has no virtio block device that an image is given for"
refused 1 "there is no 'cash' for a disk" -disk "index=0,path=$disk,cash=none"
refused 2 "there is no option -drive" -drive a
refused 1 "nobody can be listened to at -chardev extra" -disk "index=0,path=$disk" \
	-chardev "socket,id=extra,path=/nonexistent/a,server=on,wait=off" \
	-mon chardev=extra,mode=control

echo "--- can't begin, and nothing is touched that may be another's"
LD_LIBRARY_PATH=$SIM_LIBS "$product/xen-vblk-dm" -drive a \
	>"$SIM_WORLD/model.log" 2>&1 && fail "it begins without a guest"
grep -qF "there is no option -drive" "$SIM_WORLD/model.log" ||
	fail "it does not say why"
# begins_not WORDS DIRECTORY: nobody can have a lock in there
begins_not() {
	guest
	echo "runtime-dir = $2" >"$SIM_WORLD/other.conf"
	model_start -disk "index=0,path=$disk" -config "$SIM_WORLD/other.conf"
	model_ends 1 "$1"
	device_is 1 || fail "that was not its own to close"
	"$SIMCTL" store-write "/local/domain/0/backend/virtio/$id/0/state" 6
	gone
}
: >"$SIM_WORLD/file"
begins_not "$SIM_WORLD/file can't be used" "$SIM_WORLD/file"
mkdir "$SIM_WORLD/open"
chmod 777 "$SIM_WORLD/open"
begins_not "can be written by others" "$SIM_WORLD/open"

echo "--- another process has the guest"
guest
hold "$run/$id.state"
model_start -disk "index=0,path=$disk"
model_ends 1 "another process serves this guest"
device_is 1 || fail "that was not its own to close"
unhold
rm -f "$run/$id.state"
"$SIMCTL" destroy "$id" 2>/dev/null || :
within 5 nothing_left
