# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# rig only: the device model is one that libxl starts
# limit: 150
# Others that are started for a guest that has a device model end and leave it
# alone. Then it is stopped, then killed, while its guest writes, and started again
# by hand each time: the guest waits and notices nothing else.

disk=$(image a.img 32M)
model_guest one -g 1 "path=$disk"
guest start one
guest_ready one
d=$(domid one)

echo "--- others come"
first=$(pidof xen-vblk-dm)
qmp=/run/xen/qmp-libxl-$d
[ -S "$qmp" ] || fail "no socket for libxl"
ls -i "$qmp" "/run/xen-vblkd/$d.control" "/run/xen-vblkd/$d.state" >/tmp/before.out

# others WHY [OPTION...]
others() {
	why=$1
	shift
	"$MODEL" -xen-domid "$d" \
		-chardev "socket,id=libxl-cmd,path=$qmp,server=on,wait=off" \
		-mon chardev=libxl-cmd,mode=control "$@" >/tmp/others.out 2>&1 &&
		fail "it has begun to serve: $*"
	grep -q "$why" /tmp/others.out ||
		{ cat /tmp/others.out; fail "no word of '$why'"; }
	[ "$(pidof xen-vblk-dm)" = "$first" ] || fail "the first is gone"
	ls -i "$qmp" "/run/xen-vblkd/$d.control" "/run/xen-vblkd/$d.state" |
		cmp - /tmp/before.out || fail "something of the first is not"
	served "$d" 0 || fail "the disk is not served any more"
	[ "$(model_ask "$d" list | grep -c running)" = 1 ] || fail "it does not answer"
}
others "another process serves this guest" -disk "index=0,path=$disk"
others "no option -drive" -drive a
others "no 'cash' for a disk" -disk "index=0,path=$disk,cash=none"
others "no such block device" -disk "index=0,path=$disk" -disk "index=1,path=$disk"

echo "--- stopped and killed"
guest_sh one "(vblk-load pattern-write --size 32M --seed 5 --direct /dev/vda \
	>w.out 2>&1; echo \$? >w.rc) & true"
for signal in TERM KILL; do
	pid=$(pidof xen-vblk-dm)
	kill -s $signal "$pid"
	expect "it ends" no_process xen-vblk-dm
	expect "no worker is left" no_process xen-vblk-worker
	[ -e "/run/xen-vblkd/$d.state" ] || fail "the guest's state is gone"
	setsid "$MODEL" -xen-domid "$d" -disk "index=0,path=$disk" \
		>>/var/log/xen/qemu-dm-one.log 2>&1 </dev/null &
	expect "it serves again" model_ask "$d" list
done
guest_sh one 'while [ ! -e w.rc ]; do sleep 0.2; done; cat w.out; exit $(cat w.rc)'
vblk-load pattern-check --size 32M --seed 5 "$disk"
quiet_dmesg one
# libxl knows only the one that it started, and that one is no more. The other
# sees the domain end; libxl waits up to ten seconds for the disk to close.
xl destroy one
guest_gone one
all_gone
