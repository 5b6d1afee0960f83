# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 90
# long: x86
# Two disks and a read-only third, each its own.

a=$(image a.img 32M)
b=$(image b.img 16M)
c=$(image c.img 8M)
vblk-load pattern-write --size 8M --seed 9 "$c"
daemon_start
guest_create one -g 1 "$a" "$b" "$c,access=ro"
guest_ready one
[ "$(xen-vblk list | grep -c xvd)" = 3 ] || fail "three disks in the list"
guest_sh one "vblk-load pattern-write --size 32M --seed 1 --direct /dev/vda &
	vblk-load pattern-write --size 16M --seed 2 --direct /dev/vdb && wait"
vblk-load pattern-check --size 32M --seed 1 "$a"
vblk-load pattern-check --size 16M --seed 2 "$b"
guest_sh one "vblk-load pattern-check --size 8M --seed 9 --direct /dev/vdc"
[ "$(guest_sh one "cat $SYS/block/vdc/ro")" = 1 ] || fail "vdc is writable"
if guest_sh one "vblk-load pattern-write --size 8M --seed 8 /dev/vdc"; then
	fail "a read-only disk was written"
fi
vblk-load pattern-check --size 8M --seed 9 "$c"
xl destroy one
guest_gone one
all_gone
