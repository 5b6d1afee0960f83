#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of the benchmark that runs in dom0 of the rig:
#
#   dom0.sh setup                        daemon, images and the three guests
#   dom0.sh rates REPETITION SECONDS     one repetition of every load
#   dom0.sh counts                       what one request costs in calls
#
# Lines that begin with "rate", "count", "idle", "speed" and "xen" are results, for
# report.awk; "key=value" pairs follow. Everything else is noise, shown only if
# something breaks.

set -eu
here=$(dirname "$0")
# shellcheck source=../e2e/functions.sh
. "$here/../e2e/functions.sh"
# shellcheck source=../e2e/world-rig.sh
. "$here/../e2e/world-rig.sh"

MIB=128			# of each image; bench.sh gives the ram disks that size
backends="foreign grant blkback"

# --- how the guests are made ---------------------------------------------------

# libxl has its hotplug script do this for the kernel's own back end.
phy_script() {
	cat >/usr/bin/bench-phy <<-'S'
	#!/bin/sh
	[ "$1" = add ] || exit 0
	PATH=/usr/sbin:/usr/bin
	dev=$(xenstore-read "$XENBUS_PATH/params")
	xenstore-write "$XENBUS_PATH/physical-device" "$(stat -c %t:%T "$dev")" \
		"$XENBUS_PATH/physical-device-path" "$dev" \
		"$XENBUS_PATH/hotplug-status" connected
	S
	chmod +x /usr/bin/bench-phy
}

# Blocks that were never written cost nothing to read; these were.
fill() {
	dd if=/dev/zero of="$1" bs=1M count=$MIB 2>/dev/null
}

blkback_guest() {
	guest config blkback >/dev/null
	sed -i '/^disk/,$d' /etc/xen/blkback.cfg
	cat >>/etc/xen/blkback.cfg <<-C
	disk = [ 'format=raw, vdev=$VDEV, access=rw, specification=xen, backendtype=phy, script=/usr/bin/bench-phy, target=/dev/ram1' ]
	C
	guest start blkback
}

setup() {
	for f in /dev/ram0 /dev/ram1 /dev/ram2 /srv/foreign.img /srv/grant.img; do
		fill $f
	done
	phy_script
	# shellcheck disable=SC2119 # no options
	daemon_start
	guest_create foreign -g 0 /dev/ram0 /srv/foreign.img
	guest_create grant -g 1 /dev/ram2 /srv/grant.img
	blkback_guest
	for g in $backends; do
		guest_ready "$g"
	done
	guest_sh blkback "test -b /dev/$VDEV"
	for g in $backends; do
		xl pause "$g"
	done
	echo "xen version=$(xl info xen_version) arch=$(uname -m)"
}

# --- one guest at a time ---------------------------------------------------------

# The one that is not paused. Guests that only wait cost something, too: timers,
# and an emulator each where they are HVM; all of it on one CPU.
awake=

# only BACKEND: its guest runs, and no other
only() {
	[ "$awake" != "$1" ] || return 0
	[ -z "$awake" ] || xl pause "$awake"
	xl unpause "$1"
	awake=$1
}

# none: as setup left them, for the next run of this script
none() {
	xl pause "$awake"
	awake=
}

# --- rates ---------------------------------------------------------------------

# device BACKEND IMAGE: what the guest calls it
device() {
	case $1-$2 in
	blkback-ram) echo "/dev/$VDEV" ;;
	*-ram) echo /dev/vda ;;
	*-tmpfs) echo /dev/vdb ;;
	esac
}

# json KEY: its number in the line of JSON on standard input
json() {
	sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p"
}

# load BACKEND IMAGE OP BS JOBS SECONDS [OPTION]: a line of JSON
load() {
	only "$1"
	guest_sh "$1" "vblk-load $3 --json --direct --bs $4 --jobs $5 \
		--seconds $6 --seed $rep ${7:-} $(device "$1" "$2")" >/tmp/load
	[ "$(json errors </tmp/load)" = 0 ] || {
		cat /tmp/load
		fail "$*: errors"
	}
}

# result KIND BACKEND IMAGE OP BS JOBS SECONDS [OPTION]: the last load's
result() {
	echo "rate kind=$1 backend=$2 image=$3 op=$4 bs=$5 jobs=$6" \
		"order=${8:-random} rep=$rep iops=$(json iops </tmp/load)" \
		"mib_s=$(json mib_s </tmp/load) p50=$(json p50 </tmp/load)" \
		"p99=$(json p99 </tmp/load)"
}

# rate BACKEND IMAGE OP BS JOBS SECONDS [OPTION]. Both sides adapt to many
# requests at once: what counts is what they reach. How long that takes shows in
# the first second after a while with one job.
rate() {
	if [ "$5" -gt 1 ]; then
		if [ "$2 $3" = "ram read" ]; then
			load "$1" "$2" "$3" "$4" 1 2
			load "$1" "$2" "$3" "$4" "$5" 1
			result first "$@"
		fi
		load "$1" "$2" "$3" "$4" "$5" 2
	fi
	load "$@"
	result steady "$@"
}

# rates REPETITION SECONDS. One load for every backend before the next load:
# what disturbs them disturbs all of them.
rates() {
	rep=$1
	speed
	while read -r op bs jobs order; do
		for image in ram tmpfs; do
			for backend in $backends; do
				[ "$backend-$image" != blkback-tmpfs ] || continue
				rate "$backend" $image "$op" "$bs" "$jobs" "$2" "$order" </dev/null
			done
		done
	done <<-L
	read 4k 1
	read 4k 32
	read 64k 1
	write 4k 1
	write 4k 32
	read 1M 1 --sequential
	write 1M 1 --sequential
	L
	none
	speed
}

# How fast this emulated CPU is now: it shares the host with others.
speed() {
	begin=$(cut -d' ' -f1 /proc/uptime)
	vblk-load pattern-sum --seed 1 --size 1G >/dev/null
	echo "speed seconds=$(echo "$(cut -d' ' -f1 /proc/uptime) - $begin" | bc)"
}

# --- calls per request ---------------------------------------------------------

# A Xen that was built without CONFIG_PERF_COUNTERS, as Debian's, counts nothing.
perf() {
	! xenperf -f >/dev/null 2>&1 || xenperf "$@"
}

# Hypercalls by name; data aborts, which are accesses to device registers; WFI,
# with which a virtual CPU goes to sleep.
xen_counters() {
	perf -p | awk '
		/^[a-z].*T=/ { calls = /^hypercalls / }
		calls && NF == 2 { print "xen." $1, $2 }
		sub(/^trap: guest data abort *T= */, "") { print "xen.mmio", $1 }
		sub(/^trap: wfi *T= */, "") { print "xen.wfi", $1 }'
}

# The daemon's counters, or blkback's. Disks of ram are the first.
own_counters() {
	if [ "$1" = blkback ]; then
		cat /sys/bus/xen-backend/devices/vbd-*/statistics/rd_req \
			/sys/bus/xen-backend/devices/vbd-*/statistics/wr_req |
			awk '{ n += $1 } END { print "own.pops", n }'
	else
		xen-vblk stats --json "$1/$VDEV" |
			sed -n 's/^ *"\([a-z_]*\)": *\([0-9]*\),*$/own.\1 \2/p'
	fi
}

pops() {
	own_counters "$1" | sed -n 's/own.pops //p'
}

done_since() {
	[ $(($(pops "$1") - $2)) -ge "$3" ]
}

# differences FILE FILE: key=value for each that differs
differences() {
	awk 'FILENAME == ARGV[1] { before[$1] = $2; next }
		$2 != before[$1] { printf " %s=%d", $1, $2 - before[$1] }' "$1" "$2"
}

# count BACKEND OP BS JOBS REQUESTS: the guest begins when the command that told
# it to has been forgotten, and nobody asks it how it goes. Looking at the
# counters of the back end makes no hypercalls.
count() {
	only "$1"
	begin=$(pops "$1")
	guest_sh "$1" "(sleep 3; vblk-load $2 --direct --bs $3 --jobs $4 \
		--count $5 --seed 9 $(device "$1" ram); echo \$? >/run/rc) \
		>/dev/null 2>&1 </dev/null &"
	own_counters "$1" >/tmp/own
	perf -r
	[ "$(pops "$1")" = "$begin" ] || fail "count $*: it began before it was watched"
	i=0
	until done_since "$1" "$begin" "$5"; do
		i=$((i + 1))
		[ $i -lt 120 ] || fail "count $*: not done in 60 s"
		sleep 0.5
	done
	sleep 0.3
	xen_counters >/tmp/xen
	seconds=$(awk -v n=$i 'BEGIN { print n * 0.5 + 0.3 }')
	own_counters "$1" >/tmp/own.after
	[ "$(guest_sh "$1" "cat /run/rc")" = 0 ] || fail "count $*: errors"
	echo "count backend=$1 op=$2 bs=$3 jobs=$4 requests=$5 seconds=$seconds$(
		differences /dev/null /tmp/xen)$(
		differences /tmp/own /tmp/own.after)"
}

# What there is without any load, to be taken off: one guest that waits.
idle() {
	only grant
	perf -r
	for _ in 1 2 3 4 5 6; do
		pops grant >/dev/null
		sleep 0.5
	done
	xen_counters >/tmp/xen
	echo "idle seconds=3$(differences /dev/null /tmp/xen)"
}

counts() {
	idle
	for backend in $backends; do
		count "$backend" read 4k 1 400
		count "$backend" read 4k 32 6400
		count "$backend" read 64k 1 400
		count "$backend" write 4k 32 6400
	done
	none
}

"$@"
