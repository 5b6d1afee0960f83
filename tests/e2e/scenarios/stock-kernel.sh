# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: x86
# limit: 120
# long: x86
# Debian's own kernel in the guest, on Debian's own Xen: patterns verified from both
# sides, a second disk and a read-only third, and a reboot from inside.

a=$(image a.img "${MIB}M")
b=$(image b.img 16M)
c=$(image c.img 8M)
vblk-load pattern-write --size 8M --seed 9 "$c"
daemon_start
guest_write_config one -k stock -m 512 "$a" "$b" "$c,access=ro"
guest_set one on_reboot restart
guest start one
guest_ready one
guest_sh one "uname -r" | grep -q 'deb13' || fail "not Debian's kernel"
verify_patterns one "$a" "$MIB"
guest_sh one "vblk-load pattern-write --size 16M --seed 2 --direct /dev/vdb"
vblk-load pattern-check --size 16M --seed 2 "$b"
guest_sh one "vblk-load pattern-check --size 8M --seed 9 --direct /dev/vdc"
[ "$(guest_sh one "cat /sys/block/vdc/ro")" = 1 ] || fail "vdc is writable"

first=$(domid one)
guest_reboot one
expect "the guest comes back as another domain" reborn one "$first"
expect "the guest runs again" guest_says_since one RIG-DOMU-AGENT 2
guest_sh one "vblk-load pattern-check --size 16M --seed 2 --direct /dev/vdb"
guest_sh one "(vblk-load read --bs 4k --jobs 8 --seconds 20 --direct /dev/vda \
	>/dev/null 2>&1 &)"
sleep 0.5
xl destroy one
guest_gone one
all_gone
