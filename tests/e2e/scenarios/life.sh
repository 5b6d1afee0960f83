# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 150
# long: x86
# The ends of a guest: destroy, reboot from inside, crash, xl shutdown; with the
# disk in use each time, and nothing left behind.

disk=$(image a.img 32M)
daemon_start

echo "--- reboot from inside"
guest_write_config one -g 1 "$disk"
guest_set one on_reboot restart
guest start one
guest_ready one
first=$(domid one)
guest_sh one "vblk-load pattern-write --size 32M --seed 1 /dev/vda; sync"
guest_reboot one
expect "the guest comes back as another domain" reborn one "$first"
expect "the guest runs again" guest_says_since one RIG-DOMU-AGENT 2
guest_sh one "vblk-load pattern-check --size 32M --seed 1 /dev/vda"
xl destroy one
guest_gone one
all_gone

echo "--- crash, with writes under way"
guest_create two -g 1 "$disk"
guest_ready two
guest_sh two "(vblk-load write --bs 64k --jobs 8 --seconds 20 --direct /dev/vda \
	>/dev/null 2>&1 &)"
sleep 1
guest_crash two
guest_gone two
all_gone

echo "--- destroy, with reads under way"
guest_create three -g 0 "$disk"
guest_ready three
guest_sh three "(vblk-load read --bs 4k --jobs 8 --seconds 20 --direct /dev/vda >/dev/null 2>&1 &)"
sleep 0.5
xl destroy three
guest_gone three
all_gone

echo "--- power off from inside"
guest_create four -g 1 "$disk"
guest_ready four
guest_poweroff four
guest_gone four
all_gone

echo "--- xl shutdown"
guest_create five -g 1 "$disk"
guest_ready five
# The simulation's guests do not hear it.
xl shutdown five || xl destroy five
guest_gone five
all_gone
