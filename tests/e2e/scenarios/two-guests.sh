# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 120
# long: x86
# Two guests at once, one with grants and one without; each keeps its disk when
# the other goes.

a=$(image a.img 32M)
b=$(image b.img 32M)
daemon_start
guest_create one -g 1 "$a"
guest_create two -g 0 "$b"
guest_ready one
guest_ready two
guest_sh one "vblk-load pattern-write --size 32M --seed 1 --direct /dev/vda"
guest_sh two "vblk-load pattern-write --size 32M --seed 2 --direct /dev/vda"
[ "$(workers | wc -w)" = 2 ] || fail "one worker a guest"
xl destroy one
guest_gone one
vblk-load pattern-check --size 32M --seed 1 "$a"
guest_sh two "vblk-load pattern-check --size 32M --seed 2 --direct /dev/vda"
vblk-load pattern-check --size 32M --seed 2 "$b"
quiet_dmesg two
xl destroy two
all_gone
