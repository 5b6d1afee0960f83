#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# steps.sh STEP: one step of the demo, run in dom0 of the rig. What it prints is
# what the demo shows; the first thing that does not hold ends it.

set -eu
here=$(dirname "$0")
# shellcheck source=../e2e/functions.sh
. "$here/../e2e/functions.sh"
# shellcheck source=../e2e/world-rig.sh
. "$here/../e2e/world-rig.sh"

guest=demo
disk=/srv/demo.img

# dom0 COMMAND...: show it and what it says
dom0() {
	echo "dom0# $*"
	"$@"
}

# inside COMMAND: the same in the guest
inside() {
	echo "guest# $1"
	guest_sh "$guest" "$1"
}

# inside_end LINES COMMAND: only the end of what it says, but its own status
inside_end() {
	echo "guest# $2"
	rc=0
	guest_sh "$guest" "$2" >/tmp/inside || rc=$?
	tail -n "$1" /tmp/inside
	return $rc
}

# mib BLOCKS
mib() {
	echo $(($1 / 2048))
}

daemon() {
	echo "dom0# xen-vblkd &"
	# shellcheck disable=SC2119 # no options
	daemon_start
	dom0 xen-vblk list
	daemon_log
}

create() {
	dom0 truncate -s 512M $disk
	guest config -g 1 $guest $disk >/dev/null
	dom0 grep -A 2 '^disk' /etc/xen/$guest.cfg
	dom0 guest start $guest
	guest_ready $guest
	dom0 xl list
	inside "dmesg | grep -w vda"
	# 512 MiB, and addresses that are grants (bit 33, ACCESS_PLATFORM)
	[ "$(guest_sh $guest 'cat /sys/block/vda/size')" = 1048576 ] ||
		fail "the guest's disk has another size"
	[ "$(guest_sh $guest 'cut -c 34 /sys/block/vda/device/features')" = 1 ] ||
		fail "the guest does not use grants"
}

files() {
	inside "mkfs.ext4 -q -E nodiscard /dev/vda"
	inside "mkdir -p /mnt/d && mount -t ext4 /dev/vda /mnt/d && df -h /mnt/d"
	# Of all sizes up to 3 MiB. The sums stay in the guest's memory.
	echo "guest# (write 40 files to /mnt/d/files; sha256sum * >/run/sums)"
	# shellcheck disable=SC2016 # the guest's variables
	guest_sh $guest 'set -e; mkdir /mnt/d/files; cd /mnt/d/files; n=1
		head -c 4194304 /dev/urandom >/run/random
		for i in $(seq 40); do
			n=$((n * 10 / 7 + 1))
			head -c $n /run/random >$i
			echo $i >>$i
		done
		sha256sum * >/run/sums; head -n 2 /run/sums
		echo ...; tail -n 2 /run/sums; du -sh .'
	inside "umount /mnt/d && echo 3 >/proc/sys/vm/drop_caches"
	inside_end 1 "fsck.ext4 -fn /dev/vda"
	inside "mount -t ext4 /dev/vda /mnt/d && ls /mnt/d/files | wc -l"
	inside_end 2 "cd /mnt/d/files && sha256sum -c /run/sums"
	[ "$(grep -c ': OK$' /tmp/inside)" = 40 ] || fail "40 files should be OK"
	inside "umount /mnt/d"
	guest_sh $guest "cat /run/sums" >/tmp/sums
}

outside_view() {
	[ "$(wc -l </tmp/sums)" = 40 ] || fail "the guest's sums are incomplete"
	dom0 mount -t ext4 -o ro,noload,loop $disk /mnt/ext4
	rc=0
	echo "dom0# cd /mnt/ext4/files && sha256sum -c (the guest's sums)"
	(cd /mnt/ext4/files && sha256sum -c /tmp/sums) >/tmp/check || rc=1
	tail -n 2 /tmp/check
	dom0 umount /mnt/ext4
	[ $rc = 0 ] || fail "dom0 sees other files than the guest wrote"
}

discard() {
	inside "mount -t ext4 /dev/vda /mnt/d"
	inside_end 1 "dd if=/dev/zero of=/mnt/d/big bs=1M count=128 && sync"
	before=$(blocks $disk)
	echo "dom0: the image takes $(mib "$before") MiB"
	inside "rm /mnt/d/big && sync && fstrim -v /mnt/d"
	trimmed=$(blocks $disk)
	echo "dom0: the image takes $(mib "$trimmed") MiB"
	[ $((before - trimmed)) -ge $((120 * 2048)) ] ||
		fail "fstrim did not give 128 MiB back"
	inside_end 1 "cd /mnt/d/files && sha256sum -c /run/sums"
	inside "cd / && umount /mnt/d && blkdiscard -f /dev/vda"
	echo "dom0: the image takes $(blocks $disk) blocks"
	[ "$(blocks $disk)" = 0 ] || fail "blkdiscard left blocks in the image"
	inside "cmp -n 67108864 /dev/zero /dev/vda && echo zeroes"
}

# one_load OPTION...: no error, and the daemon counted the same requests
one_load() {
	count=$(stat_of $guest/$VDEV reads)
	inside "vblk-load read --direct --seconds 2 $* /dev/vda" >/tmp/load
	cat /tmp/load
	requests=$(sed -n 's/^read: \([0-9]*\) requests, 0 errors.*/\1/p' /tmp/load)
	[ "${requests:-0}" -gt 0 ] || fail "no requests, or errors"
	count=$(($(stat_of $guest/$VDEV reads) - count))
	[ "$count" = "$requests" ] ||
		fail "the daemon counted $count reads, the guest $requests"
}

load() {
	echo "(an emulated machine: these are no figures of any hardware)"
	one_load --bs 4k --jobs 1
	one_load --bs 4k --jobs 32
	inside "vblk-load pattern-write --seed 5 --size 32M --direct /dev/vda"
	inside "vblk-load pattern-check --seed 5 --size 32M --direct /dev/vda"
	quiet_dmesg $guest
}

ask() {
	dom0 xen-vblk list
	dom0 xen-vblk show $guest
	dom0 xen-vblk stats $guest >/tmp/stats
	grep -v ' 0$' /tmp/stats
	xen-vblk list | grep -q "$guest *$VDEV *running" ||
		fail "the disk is not listed as running"
	for counter in failed refused malformed skipped broken in_flight \
		failures unmap_failures; do
		[ "$(stat_of $guest/$VDEV $counter)" = 0 ] ||
			fail "$counter is not 0: $(stat_of $guest/$VDEV $counter)"
	done
	[ "$(stat_of $guest/$VDEV pops)" = "$(stat_of $guest/$VDEV pushes)" ] ||
		fail "not every request was answered"
	echo "dom0: memory of the guest that is mapped now, by Xen's own account:"
	expect_only_rings_mapped "$(domid $guest)" $RING_PAGES
	echo "3 pages, the ring"
}

destroy() {
	id=$(domid $guest)
	dom0 xl destroy $guest
	guest_gone $guest
	all_gone
	dom0 xl list
	[ "$(xl list | wc -l)" = 2 ] || fail "there is more than dom0"
	dom0 xen-vblk list
	[ "$(xen-vblk list | wc -l)" -le 1 ] || fail "a disk is still listed"
	dom0 pidof xen-vblk-worker && fail "a worker is left"
	dom0 xenstore-ls $BACKEND && fail "a node is left"
	dom0 find /run/xen-vblkd -name '*.state'
	[ -z "$(find /run/xen-vblkd -name '*.state')" ] || fail "state is left"
	dom0 lslocks -o COMMAND,PATH
	echo "dom0# xl debug-keys g; xl dmesg"
	grants_of "$id" >/tmp/grants
	[ ! -s /tmp/grants ] || { cat /tmp/grants; fail "grants are left"; }
	xl dmesg | grep -E 'remote d|no active'
}

stop() {
	echo "dom0# kill $(daemon_pid)"
	daemon_stop
	daemon_log
	if daemon_log | grep -qiE 'error|warning|failed|cannot'; then
		fail "the daemon had something to complain about"
	fi
	no_process xen-vblk-worker || fail "a worker is left"
}

"$1"
