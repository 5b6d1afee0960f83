# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# limit: 200
# A guest whose device model xl starts reboots and powers off from inside: nothing
# is left, and data survives the reboot.

disk=$(image a.img 32M)

echo "--- reboot from inside"
model_guest one -g 1 "path=$disk"
sed -i 's/^on_reboot.*/on_reboot = "restart"/' /etc/xen/one.cfg
guest start one
guest_ready one
first=$(domid one)
guest_sh one "vblk-load pattern-write --size 32M --seed 1 /dev/vda; sync"
guest_sh one "reboot -f" 5 || :
expect "the guest comes back as another domain" reborn one "$first"
expect "the guest runs again" guest_says_since one RIG-DOMU-AGENT 2
guest_sh one "vblk-load pattern-check --size 32M --seed 1 /dev/vda"
xl destroy one
guest_gone one
all_gone

echo "--- power off from inside"
model_guest two -g 1 "path=$disk"
guest start two
guest_ready two
guest_sh two "poweroff -f" 5 || :
guest_gone two
all_gone
