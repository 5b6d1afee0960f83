# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# rig only: the device model is one that libxl starts
# limit: 200
# One guest of each form at once: xen-vblkd serves the one, a device model of its
# own the other, and neither touches the other's.

a=$(image a.img 32M)
b=$(image b.img 32M)
daemon_start
model_guest one -g 1 "path=$a"
guest start one
first=$(domid one)
guest_create two -g 0 "$b"
guest_ready one
guest_ready two
guest_sh one "vblk-load pattern-write --size 32M --seed 1 --direct /dev/vda"
guest_sh two "vblk-load pattern-write --size 32M --seed 2 --direct /dev/vda"
[ "$(xen-vblk list | grep -c running)" = 1 ] || fail "the daemon serves one"
[ "$(model_ask "$(domid one)" list | grep -c running)" = 1 ] || fail "so does the other"
xl destroy one
guest_gone one
guest_sh two "vblk-load pattern-check --size 32M --seed 2 --direct /dev/vda"
xl destroy two
guest_gone two
vblk-load pattern-check --size 32M --seed 1 "$a"
vblk-load pattern-check --size 32M --seed 2 "$b"
daemon_log | grep "dom$first/" && fail "that was not the daemon's"
all_gone
