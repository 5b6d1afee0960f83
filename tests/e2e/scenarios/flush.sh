# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 60
# long: x86
# What the guest has flushed is in the image, and a flush is a flush.

disk=$(image a.img 64M)
daemon_start
guest_create one -g 1 "$disk"
guest_ready one
guest_sh one "vblk-load pattern-write --size 8M --seed 3 /dev/vda && sync"
vblk-load pattern-check --size 8M --seed 3 "$disk"
[ "$(stat_of "one/$VDEV" flushes)" -gt 0 ] || fail "no flush was counted"
# Write-through: no flush is asked for, and writes are stable by themselves.
guest_sh one "cat $SYS/block/vda/cache_type | grep -q 'write back'"
guest_sh one "echo 'write through' >$SYS/block/vda/cache_type"
guest_sh one "vblk-load pattern-write --size 8M --seed 4 --direct /dev/vda"
vblk-load pattern-check --size 8M --seed 4 "$disk"
quiet_dmesg one
xl destroy one
all_gone
