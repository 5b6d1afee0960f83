# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# rig only: the device model is one that libxl starts
# limit: 150
# Guests whose device model xl starts, with nothing else running: two at once,
# without and with grants, the first with a second disk that is read-only.

a=$(image a.img 32M)
b=$(image b.img 16M)
c=$(image c.img 32M)
vblk-load pattern-write --size 16M --seed 2 "$b"

model_guest one -g 0 "path=$a,queues=1" "path=$b,ro=on,serial=second"
model_guest two -g 1 "path=$c"
guest start one >/tmp/one.out 2>&1 || { cat /tmp/one.out; fail "one"; }
cat /tmp/one.out
grep -iE "error|warning" /tmp/one.out && fail "libxl complains"
guest start two
guest_ready one
guest_ready two

echo "--- what xl and we say about it"
xl list
d=$(domid one)
[ "$(xenstore-read "/local/domain/0/device-model/$d/state")" = running ]
pid=$(xenstore-read "/local/domain/$d/image/device-model-pid")
[ "$(readlink "/proc/$pid/exe")" = "$MODEL" ] || fail "who is $pid?"
[ "$(pidof xen-vblk-dm | wc -w)" = 2 ] || fail "one device model a guest"
[ "$(workers | wc -w)" = 2 ] || fail "one worker a guest"
served "$d" 0
served "$d" 1
model_log one
model_log one | grep -q "one): ready" || fail "the log is not where libxl puts it"
model_ask "$d" list
[ "$(model_ask "$d" list | grep -c running)" = 2 ] || fail "two disks"
model_ask "$d" show one/virtio1 | grep -q "read_only *true" || fail "show"

echo "--- nobody waits for the channel"
[ "$(xenstore-read "/local/domain/0/backend/console/$d/1/state")" = 6 ]
for g in one two; do
	guest_console $g | grep -E "Waiting for devices|Timeout connecting" &&
		fail "$g has waited"
done

echo "--- data"
guest_sh one "vblk-load pattern-write --size 32M --seed 1 --direct /dev/vda"
guest_sh two "vblk-load pattern-write --size 32M --seed 3 --direct /dev/vda"
vblk-load pattern-check --size 32M --seed 1 "$a"
vblk-load pattern-check --size 32M --seed 3 "$c"
guest_sh one "vblk-load pattern-check --size 16M --seed 2 --direct /dev/vdb"
[ "$(guest_sh one "cat /sys/block/vdb/ro")" = 1 ] || fail "vdb is writable"
[ "$(guest_sh one "cat /sys/block/vdb/serial; echo")" = second ] || fail "its serial"
quiet_dmesg one
quiet_dmesg two
expect_only_rings_mapped "$(domid two)" 3

echo "--- destroyed"
begin=$(date +%s)
xl destroy one
[ $(($(date +%s) - begin)) -le 5 ] || fail "libxl waited for us"
guest_gone one
guest_sh two "vblk-load pattern-check --size 32M --seed 3 --direct /dev/vda"
xl destroy two
guest_gone two
all_gone
