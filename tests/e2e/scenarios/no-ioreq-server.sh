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
[ $(($(date +%s) - begin)) -le 11 ] || fail "it took more than ten seconds"
expect_log "CONFIG_IOREQ_SERVER"
guest_gone one
all_gone
daemon_answers || fail "the daemon is gone"
