# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# limit: 60
# xen: stock
# A Xen without CONFIG_IOREQ_SERVER, as Debian's: xl create fails within ten
# seconds, and the log says what is missing. The daemon stays.

disk=$(image a.img 16M)
daemon_start
guest_write_config one -g 0 "$disk"
begin=$(date +%s)
if guest start one; then
	fail "xl create should have failed"
fi
[ $(($(date +%s) - begin)) -le 30 ] || fail "xl create was slow to fail"
expect_log "CONFIG_IOREQ_SERVER"
guest_gone one
all_gone
daemon_answers || fail "the daemon is gone"
# The simulation has nothing in /dev/xen, where xen-vblk check looks first.
[ "$WORLD" = rig ] || exit 0
if xen-vblk check >"$SCRATCH/check.out"; then
	fail "xen-vblk check finds this host fit"
fi
cat "$SCRATCH/check.out"
grep -q "^missing.*CONFIG_IOREQ_SERVER" "$SCRATCH/check.out" || fail "it does not say why"
[ "$(grep -c ^missing "$SCRATCH/check.out")" = 1 ] || fail "only that is missing"
