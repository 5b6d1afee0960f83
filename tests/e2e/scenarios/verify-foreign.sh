# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 240
# long: x86
# Patterns through foreign mappings, verified from both sides.

disk=$(image a.img "${MIB}M")
daemon_start
guest_create one -g 0 "$disk"
guest_ready one
verify_patterns one "$disk" "$MIB"
xen-vblk list
xl destroy one
guest_gone one
all_gone
