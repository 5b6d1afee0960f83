# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 90
# long: x86
# What the disk says about itself, discard, write-zeroes, serial number.

disk=$(image a.img 64M)
thick=$(image thick.img 8M)
daemon_start
guest_create one -g 1 -c 2 "$disk" "$thick,no-discard"
guest_ready one
q=$SYS/block/vda/queue
guest_sh one "cat $SYS/block/vda/size" | grep -qx 131072 || fail "size"
guest_sh one "cat $q/logical_block_size" | grep -qx 512 || fail "block size"
[ "$(guest_sh one "cat $q/discard_max_bytes")" -gt 0 ] || fail "no discard"
[ "$(guest_sh one "cat $SYS/block/vdb/queue/discard_max_bytes")" = 0 ] ||
	fail "discard, where xl was told not to"
[ "$(guest_sh one "cat $q/write_zeroes_max_bytes")" -gt 0 ] ||
	fail "no write-zeroes"
[ -n "$(guest_sh one "echo \$(cat $SYS/block/vda/serial)")" ] || fail "no serial"
[ "$(guest_sh one "ls $SYS/block/vda/mq | wc -l")" = 2 ] ||
	fail "two vCPUs should have two queues"

guest_sh one "vblk-load pattern-write --size 64M --seed 5 --direct /dev/vda"
[ "$(blocks "$disk")" -ge 131072 ] || fail "the image should be full"
guest_sh one "blkdiscard -o 16M -l 32M /dev/vda"
[ "$(blocks "$disk")" -le 66000 ] || fail "discard deallocated nothing"
guest_sh one "vblk-load pattern-check --size 16M --seed 5 --direct /dev/vda"
guest_sh one "blkdiscard -z -o 8M -l 4M /dev/vda"
zeroes "$disk" 8 4 || fail "write-zeroes left something"
guest_sh one "vblk-load pattern-check --size 8M --seed 5 --direct /dev/vda"
quiet_dmesg one
xl destroy one
all_gone
