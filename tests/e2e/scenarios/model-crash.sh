# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# rig only: the device model is one that libxl starts
# long: arm
# limit: 200
# A guest whose device model xl starts crashes while it writes, another is
# destroyed while it reads: nothing is left, and libxl does not have to wait.

disk=$(image a.img 32M)

echo "--- crash, with writes under way"
model_guest one -g 1 "path=$disk"
guest start one
guest_ready one
guest_sh one "(vblk-load write --bs 64k --jobs 8 --seconds 20 --direct /dev/vda \
	>/dev/null 2>&1 &)"
sleep 1
guest_crash one
guest_gone one
all_gone

echo "--- destroy, with reads under way"
model_guest two -g 0 "path=$disk"
guest start two
guest_ready two
guest_sh two "(vblk-load read --bs 4k --jobs 8 --seconds 20 --direct /dev/vda >/dev/null 2>&1 &)"
sleep 0.5
begin=$(date +%s)
xl destroy two
[ $(($(date +%s) - begin)) -le 5 ] || fail "libxl waited for us"
guest_gone two
all_gone
