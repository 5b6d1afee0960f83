# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# rig only: the device model is one that libxl starts
# limit: 240
# A guest that both xen-vblkd and a device model could serve: one process does,
# the other says so and touches nothing, and takes over when the first is killed.

c=$(image c.img 32M)
cat >/tmp/vblkd.conf <<C
[disk both/virtio0]
path = $c
C

echo "--- the device model has it, then the daemon comes"
model_guest both -g 1 "path=$c"
guest start both
guest_ready both
daemon_start -c /tmp/vblkd.conf
d=$(domid both)
guest_sh both "vblk-load pattern-write --size 32M --seed 3 --direct /dev/vda"
expect "the daemon says that it lost" \
	log_has "dom$d/virtio0.*another process serves this guest"
[ "$(workers | wc -w)" = 1 ] || fail "two workers for one guest"

echo "--- the device model is killed, the daemon takes over"
kill -9 "$(pidof xen-vblk-dm)"
expect_log "dom$d/virtio0: serving again"
guest_sh both "vblk-load pattern-check --size 32M --seed 3 --direct /dev/vda"
quiet_dmesg both
xl destroy both
guest_gone both
all_gone

echo "--- the device model closes it, the daemon stays out of it"
daemon_stop
guest start both
daemon_start -c /tmp/vblkd.conf
guest_ready both
d=$(domid both)
xl destroy both
guest_gone both
daemon_log | grep -E "dom$d/virtio0: (serving|the guest)" &&
	fail "that was not the daemon's"
all_gone

echo "--- the daemon has it, the device model gives up"
if guest start both >/tmp/create.out 2>&1; then
	fail "two processes serve one guest"
fi
model_log both | grep -q "another process serves this guest" ||
	{ model_log both; fail "it does not say that it lost"; }
guest_gone both
daemon_log | grep "can't be used" && fail "a guest was left to wait"
all_gone

echo "--- the device model hangs and dies while libxl waits for it"
daemon_stop
guest start both
daemon_start -c /tmp/vblkd.conf
guest_ready both
d=$(domid both)
pid=$(pidof xen-vblk-dm)
kill -STOP "$pid"
xl destroy both &
libxl=$!
closing() {
	[ "$(node_state "$d" 0)" = 5 ]
}
expect "libxl wants it closed" closing
kill -9 "$pid"
expect_log "dom$d: disk 0 was not served any more; gone"
wait $libxl
guest_gone both
all_gone

echo "--- another process has it, the device model gives up"
flock "/run/xen-vblkd/$((d + 1)).state" sleep 60 &
holder=$!
if guest start both >/tmp/create.out 2>&1; then
	fail "two processes serve one guest"
fi
model_log both | grep -q "another process serves this guest" ||
	{ model_log both; fail "it does not say that it lost"; }
kill $holder
rm -f "/run/xen-vblkd/$((d + 1)).state"
guest_gone both
all_gone
