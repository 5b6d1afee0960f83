#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What was saved of a guest: spoilt, of another disk, held by somebody else, not
# to be made, full. A guest that runs waits for its disk and goes on with it when
# things are put right; one that begins is refused in words; others notice nothing.

set -euo pipefail
# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

export SIM_PATIENCE_MS=5000
: >"$SIM_WORLD/daemon.log"
root=/local/domain/0/backend
images=$SIM_WORLD

# refused WORDS VDEV: a disk of that guest, and libxl is told why
refused() {
	local node

	! "$SIMCTL" disk-add "$id" "$2" "$images/more.img" 2>/dev/null ||
		fail "it is served"
	node=$("$SIMCTL" store-list "$root/virtio_disk/$id" | tail -n 1)
	"$SIMCTL" store-read "$root/virtio_disk/$id/$node/hotplug-error" |
		grep -qF -- "$1" || fail "libxl is not told '$1'"
	"$SIMCTL" disk-remove "$id" "$2" || fail "disk-remove"
}

# spoil FILE: its first bytes, by which a state is known
spoil() {
	printf 'spoilt' | dd of="$1" conv=notrunc status=none
}

state_of() {
	[ "$("$SIMCTL" store-read "$root/$1/state")" = "$2" ]
}

# It stands still, until it gets a SIGCONT.
stop_daemon() {
	kill -STOP "$pid"
	within 5 pgrep -r T -f "^$product/xen-vblkd -c $SIM_WORLD"
}

# ended PATTERN: no process has such a command line
ended() {
	! pgrep -f -- "$1"
}

# A guest uses its generic device; sets $id, $base
generic_begins() {
	id=$("$SIMCTL" create six 16 1)
	read -r base _ < <("$SIMCTL" generic-add "$id" virtio,device2) ||
		fail "generic-add"
	within 5 said "dom$id/virtio0: serving"
	"$SIMCTL" write "$id" $((base + 0x70)) 3 || fail "status"
}

# libxl asks for its end
generic_closing() {
	"$SIMCTL" store-write "$root/virtio/$id/0/online" 0
	"$SIMCTL" store-write "$root/virtio/$id/0/state" 5
}

again() {
	look
	daemon_start "log-level = debug"
}

gone() {
	"$SIMCTL" destroy "$1" || fail "destroy"
	within 5 test ! -e "$run/$1.state"
}

truncate -s 1M "$images/more.img"
daemon_start
guest_begins bystander
other=$id other_base=$base

echo "--- of a guest that is no more, and of one that has no disk"
daemon_stop
idle=$("$SIMCTL" create idle 16 1)
: >"$run/$idle.state"
: >"$run/99.state"
again
within 5 test ! -e "$run/99.state"
[ -e "$run/$idle.state" ] || fail "its domain lives"
"$SIMCTL" destroy "$idle" || fail "destroy"
daemon_stop
again
within 5 test ! -e "$run/$idle.state"

echo "--- spoilt while nobody was there"
guest_begins one
daemon_stop
cp "$run/$id.state" "$SIM_WORLD/kept"
spoil "$run/$id.state"
again
within 5 said "where the guest's device was saved, can't be used: Invalid argument"
cat "$SIM_WORLD/kept" >"$run/$id.state"
kill -HUP "$pid"
within 5 said "dom$id/xvda: serving again"
status_is 0x3 || fail "the status is lost"

echo "--- of a disk that was elsewhere"
for key in base=33555456 irq=36; do
	node=$root/virtio_disk/$id/51712/${key%=*}
	daemon_stop
	was=$("$SIMCTL" store-read "$node")
	"$SIMCTL" store-write "$node" "${key#*=}"
	again
	within 5 said "the guest's saved state does not know this disk"
	"$SIMCTL" store-write "$node" "$was"
	kill -HUP "$pid"
	within 5 said "dom$id/xvda: serving again"
	status_is 0x3 || fail "the status is lost"
done

echo "--- spoilt by its worker"
spoil "$run/$id.state"
refused "the guest's saved state does not know this disk (Invalid argument)" xvdb
status_is 0x3 || fail "the disk that is served"
gone "$id"

echo "--- can't be made"
id=$("$SIMCTL" create two 16 1)
mkdir "$run/$id.state"
refused "$run/$id.state can't be made: Is a directory" xvda
rmdir "$run/$id.state"
"$SIMCTL" disk-add "$id" xvda "$images/more.img" >/dev/null || fail "disk-add"
gone "$id"

echo "--- full"
guest_begins three
for vdev in xvdb xvdc xvdd xvde xvdf xvdg xvdh xvdi xvdj xvdk; do
	truncate -s 1M "$images/$vdev.img"
	"$SIMCTL" disk-add "$id" $vdev "$images/$vdev.img" >/dev/null ||
		fail "disk-add $vdev"
done
twelfth=$root/virtio_disk/$id/51888
for key in params="$images/more.img" dev=xvdl mode=w base=33560064 irq=33 \
		online=1 state=1; do
	"$SIMCTL" store-write "$twelfth/${key%%=*}" "${key#*=}"
done
within 5 "$SIMCTL" store-read "$twelfth/hotplug-error"
"$SIMCTL" store-read "$twelfth/hotplug-error" |
	grep -qx "the guest has 11 disks already, more are not possible" ||
	fail "it does not say so"
"$SIMCTL" store-remove "$twelfth"
"$SIMCTL" disk-remove "$id" xvdf || fail "disk-remove"
"$SIMCTL" disk-add "$id" xvdl "$images/more.img" >/dev/null ||
	fail "there is room for one"
status_is 0x3 || fail "the first disk"
gone "$id"

echo "--- blocks that can't be given back"
daemon_stop
look
daemon_start "[disk]" "discard = on"
id=$("$SIMCTL" create four 16 1)
! "$SIMCTL" disk-add "$id" xvda "$images/more.img" ro 2>/dev/null ||
	fail "it is served"
said "can't have blocks given back; use discard=auto or off" || fail "no word"
gone "$id"

echo "--- held by somebody else, while a guest runs"
guest_begins five
daemon_stop
hold "$run/$id.state"
begin=$SECONDS
again
within 15 said "still waiting: another process serves this guest"
[ $((SECONDS - begin)) -ge 9 ] || fail "it could have become free"
"$SIMCTL" read "$other" $((other_base + 0x70)) | grep -qx 0x3 ||
	fail "the bystander waits, too"
unhold
within 10 said "dom$id/xvda: serving again"
status_is 0x3 || fail "the status is lost"

echo "--- and while its disk is removed"
daemon_stop
hold "$run/$id.state"
"$SIMCTL" disk-remove "$id" xvda &
job=$!
within 5 state_of "virtio_disk/$id/51712" 5
again
sleep 0.5
state_of "virtio_disk/$id/51712" 5 || fail "that was theirs to close"
unhold
wait "$job" || fail "nobody closes it"
said "dom$id: disk 51712 was not served any more; gone" || fail "no word"
"$SIMCTL" destroy "$id" || fail "destroy"

echo "--- a generic device that the configuration loses"
daemon_stop
generic=("[disk six/virtio0]" "path = $images/more.img")
look
daemon_start "log-level = debug" "${generic[@]}"
id=$("$SIMCTL" create six 16 1)
hold "$run/$id.state"
"$SIMCTL" generic-add "$id" virtio,device2 >/dev/null
within 5 said "dom$id/virtio0: another process serves this guest"
sed -i '/virtio0/,$d' "$SIM_WORLD/conf"
kill -HUP "$pid"
within 5 said "dom$id/virtio0 (six): the configuration has no image for it any more"
unhold
state_of "virtio/$id/0" 1 || fail "that was theirs to close"

echo "--- one that was closing when nobody was there"
daemon_stop
generic_closing
daemon_start "${generic[@]}"
within 5 state_of "virtio/$id/0" 6
"$SIMCTL" destroy "$id" || fail "destroy"
rm -f "$run/$id.state"

echo "--- one that a guest uses, lost while nobody was there"
look
generic_begins
daemon_stop
again
lost="dom$id/virtio0 (six): the guest has used it, nobody serves it"
within 5 said "$lost"
look
"$SIMCTL" store-write "$root/virtio/$id/0/online" 1
sleep 0.5
! said "$lost" || fail "it is said again"
another=$("$SIMCTL" create another 16 1)
"$SIMCTL" generic-add "$another" virtio,device2 >/dev/null
"$SIMCTL" store-write "$root/virtio/$another/0/state" 2
kill -HUP "$pid"
within 5 said "$lost"
state_of "virtio/$id/0" 2 || fail "that was not ours to change"
! said "dom$another" || fail "that was not ours to talk about"
"$SIMCTL" store-write "$root/virtio/$another/0/state" 6
"$SIMCTL" destroy "$another" || fail "destroy"
printf '%s\n' "${generic[@]}" >>"$SIM_WORLD/conf"
kill -HUP "$pid"
within 5 said "dom$id/virtio0: serving again"
status_is 0x3 || fail "the status is lost"
gone "$id"

echo "--- one that could not be taken up, and somebody else serves it when it is closed"
look
generic_begins
daemon_stop
mv "$images/more.img" "$images/away.img"
look
daemon_start "log-level = debug" "${generic[@]}"
within 5 said "dom$id/virtio0: the guest goes on and waits for this disk"
mv "$images/away.img" "$images/more.img"
hold "$run/$id.state"
generic_closing
sleep 0.5
state_of "virtio/$id/0" 5 || fail "that was theirs to close"
unhold
within 5 state_of "virtio/$id/0" 6
"$SIMCTL" destroy "$id" || fail "destroy"
rm -f "$run/$id.state"

echo "--- two at once that a worker still has, and it serves a third"
guest_begins nine
for vdev in xvdb xvdc; do
	truncate -s 1M "$images/$vdev.img"
	"$SIMCTL" disk-add "$id" $vdev "$images/$vdev.img" >/dev/null ||
		fail "disk-add $vdev"
done
# Who waits for the images' locks has them when the worker is dead.
for vdev in xvdb xvdc; do
	(flock 7 && exec sleep 60) 7>>"$images/$vdev.img" &
	holders="${holders:-} $!"
done
look
kill -9 "$(pgrep -P "$pid" -f "^xen-vblk-worker dom$id\$")"
within 5 said "dom$id/xvda: serving again"
said "dom$id/xvdb: serving again" && fail "its image was not there"
look
stop_daemon
"$SIMCTL" disk-remove "$id" xvdb &
jobs=$!
"$SIMCTL" disk-remove "$id" xvdc &
jobs="$jobs $!"
within 5 state_of "virtio_disk/$id/51728" 5
within 5 state_of "virtio_disk/$id/51744" 5
kill -CONT "$pid"
for job in $jobs; do
	wait "$job" || fail "disk-remove"
done
status_is 0x3 || fail "the status is lost"
! said "ended" || fail "a worker is killed for its answers"
# shellcheck disable=SC2086 # a list of numbers
kill $holders
gone "$id"

echo "--- an image that can't be opened again when its worker is dead"
guest_begins seven
look
worker=$(pgrep -P "$pid" -f "^xen-vblk-worker dom$id\$")
# Fewer than it has open, and as many as it waits for at once.
prlimit --pid "$pid" --nofile=9:
kill -9 "$worker"
within 5 said "could not be kept open after its worker had ended"
within 5 said "dom$id/xvda: the guest goes on and waits for this disk"
prlimit --pid "$pid" --nofile=1024:
kill -HUP "$pid"
within 5 said "dom$id/xvda: serving again"
status_is 0x3 || fail "the status is lost"
gone "$id"

echo "--- one that waits, and its guest's worker ends as the daemon is to look again"
cat >"$SIM_WORLD/worker" <<W
#!/bin/sh
"$product/xen-vblk-worker" "\$@"
status=\$?
until [ -e "$SIM_WORLD/end" ]; do sleep 0.02; done
exit \$status
W
chmod +x "$SIM_WORLD/worker"
guest_begins eight
truncate -s 1M "$images/waits.img"
read -r base _ < <("$SIMCTL" disk-add "$id" xvdb "$images/waits.img") ||
	fail "disk-add"
"$SIMCTL" write "$id" $((base + 0x70)) 3 || fail "status"
daemon_stop
mv "$images/waits.img" "$images/away.img"
look
daemon_start "worker = $SIM_WORLD/worker"
within 5 said "dom$id/xvdb: the guest goes on and waits for this disk"
within 5 said "dom$id/xvda: serving again"
servers=$(count dm_destroy)
"$SIMCTL" disk-remove "$id" xvda &
job=$!
# The worker has ended, and its exit status is still to come.
within 4 ended "^$product/xen-vblk-worker dom$id\$"
stop_daemon
kill -HUP "$pid"
mv "$images/away.img" "$images/waits.img"
: >"$SIM_WORLD/end"
within 5 pgrep -P "$pid" -r Z
kill -CONT "$pid"
wait "$job" || fail "disk-remove"
within 5 said "dom$id/xvdb: serving again"
status_is 0x3 || fail "the status is lost"
# Without it, an access that the guest makes meanwhile means nothing to anybody.
[ "$(count dm_destroy)" = "$servers" ] || fail "its ioreq server went meanwhile"
gone "$id"

"$SIMCTL" read "$other" $((other_base + 0x70)) | grep -qx 0x3 ||
	fail "the bystander"
gone "$other"
within 5 nothing_left
daemon_stop
