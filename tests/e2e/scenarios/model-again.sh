# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# limit: 150
# A device model is stopped, then killed, while its guest writes, and started
# again by hand each time: the guest waits and notices nothing else.

disk=$(image a.img 32M)
model_guest one -g 1 "path=$disk"
guest start one
guest_ready one
d=$(domid one)
guest_sh one "(vblk-load pattern-write --size 32M --seed 5 --direct /dev/vda \
	>/tmp/w.out 2>&1; echo \$? >/tmp/w.rc) & true"
for signal in TERM KILL; do
	pid=$(pidof xen-vblk-dm)
	kill -s $signal "$pid"
	expect "it ends" no_process xen-vblk-dm
	expect "no worker is left" no_process xen-vblk-worker
	[ -e "/run/xen-vblkd/$d.state" ] || fail "the guest's state is gone"
	setsid "$MODEL" -xen-domid "$d" -disk "index=0,path=$disk" \
		>>/var/log/xen/qemu-dm-one.log 2>&1 </dev/null &
	sleep 0.5
done
guest_sh one 'while [ ! -e /tmp/w.rc ]; do sleep 0.2; done; cat /tmp/w.out; exit $(cat /tmp/w.rc)'
vblk-load pattern-check --size 32M --seed 5 "$disk"
quiet_dmesg one
# libxl knows only the one that it started, and that one is no more. The other
# sees the domain end; libxl waits up to ten seconds for the disk to close.
xl destroy one
guest_gone one
all_gone
