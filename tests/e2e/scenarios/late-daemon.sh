# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 60
# long: x86
# The daemon is started after the guest's nodes appeared, and serves it.

disk=$(image a.img 32M)
guest_write_config one -g 1 "$disk"
guest start one &
creating=$!
expect "xl has written the disk's nodes" has_nodes
sleep 1
daemon_start
wait $creating
guest_ready one
guest_sh one "vblk-load pattern-write --size 32M --seed 1 --direct /dev/vda"
vblk-load pattern-check --size 32M --seed 1 "$disk"
xl destroy one
all_gone
