# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 240
# long: x86
# Patterns through grants, verified from both sides; at rest nothing
# of the guest is mapped but its rings.

disk=$(image a.img "${MIB}M")
daemon_start
guest_create one -g 1 "$disk"
guest_ready one
verify_patterns one "$disk" "$MIB"

expect_only_rings_mapped "$(domid one)" "$RING_PAGES"
xl destroy one
guest_gone one
all_gone
