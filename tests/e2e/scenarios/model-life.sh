# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# rig only: the device model is one that libxl starts
# limit: 200
# A guest whose device model xl starts reboots and powers off from inside: nothing
# is left, and data survives the reboot.

disk=$(image a.img 32M)

echo "--- reboot from inside"
model_guest one -g 1 "path=$disk"
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

echo "--- power off from inside"
model_guest two -g 1 "path=$disk"
guest start two
guest_ready two
guest_poweroff two
guest_gone two
all_gone
