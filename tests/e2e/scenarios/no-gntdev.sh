# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 60
# long: x86
# No /dev/xen/gntdev: a guest that wants grants is refused, one that does not is
# served.

disk=$(image a.img 16M)
without_gntdev
daemon_start
guest_write_config one -g 1 "$disk"
begin=$(date +%s)
if guest start one; then
	fail "xl create should have failed"
fi
[ $(($(date +%s) - begin)) -le 30 ] || fail "xl create was slow to fail"
expect_log "gntdev"
guest_create two -g 0 "$disk"
guest_ready two
guest_sh two "vblk-load pattern-write --size 16M --seed 1 --direct /dev/vda"
xl destroy two
all_gone
