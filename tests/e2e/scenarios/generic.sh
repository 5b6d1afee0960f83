# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# limit: 310
# Generic virtio devices: those with an image in the configuration are served,
# by the guest's name and by its uuid, with and without grants. Others in the
# same directory are not touched. (So long a limit has it begin among the first: where
# the others take seconds, its ten of waiting are the longest.)

a=$(image a.img 32M)
b=$(image b.img 32M)
uuid=0a1b2c3d-0000-1111-2222-333344445555
cat >"$SCRATCH/vblkd.conf" <<C
[disk one/virtio0]
path = $a
[disk $uuid/virtio1]
path = $b
ro = on
C
vblk-load pattern-write --size 32M --seed 2 "$b"
daemon_start -c "$SCRATCH/vblkd.conf"

echo "--- other back ends' devices"
guest_write_config other -v type=virtio,device26,transport=mmio -v grant_usage=1
guest_create_paused other
d=$(domid other)
sleep 1
for n in 0 1; do
	[ "$(node_state "$d" $n)" = 1 ] || fail "device $n is not ours"
done
daemon_log | grep "dom$d" && fail "it is not ours to talk about"
xl destroy other &	# takes ten seconds: nobody answers
other_dom=$d other_end=$!

echo "--- ours"
guest_create one -x "uuid=\"$uuid\"" -v grant_usage=1 -v grant_usage=0
d=$(domid one)
expect "virtio0 is served" served "$d" 0
expect "virtio1 is served" served "$d" 1
guest_ready one
guest_sh one "vblk-load pattern-write --size 32M --seed 1 --direct /dev/vda"
vblk-load pattern-check --size 32M --seed 1 "$a"
guest_sh one "vblk-load pattern-check --size 32M --seed 2 --direct /dev/vdb"
[ "$(guest_sh one "cat $SYS/block/vdb/ro")" = 1 ] || fail "vdb is writable"
[ "$(xen-vblk list | grep -c virtio)" = 2 ] || fail "two disks in the list"
[ -n "$(stat_of one/virtio1 reads)" ] || fail "no counters"

echo "--- the others' are gone"
wait $other_end
[ -z "$(daemon_log | grep "dom$other_dom[/:]")" ] || fail "it was not ours to close"
guest_gone other

echo "--- and after a restart of the daemon"
daemon_stop
expect "no worker is left" no_process xen-vblk-worker
daemon_start -c "$SCRATCH/vblkd.conf"
guest_sh one "vblk-load pattern-check --size 32M --seed 1 --direct /dev/vda"
quiet_dmesg one
begin=$(date +%s)
xl destroy one
[ $(($(date +%s) - begin)) -le 5 ] || fail "nobody answered libxl's 5"
guest_gone one
all_gone
