# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The words that scenarios are written in. A scenario says what a user does and
# what must be true afterwards; how that is done in a world is in world-NAME.sh.
# A scenario is a plain sh script, run with `set -eu`; the first command that
# fails ends it, and what it printed is shown.
#
# What a world provides (world-rig.sh: real Xen, we are in dom0):
#   daemon_start [OPTION...]   xen-vblkd, and wait until it is ready
#   daemon_stop                orderly; fails if it does not end in 15 s
#   daemon_log                 what it has logged since the scenario began
#   image NAME SIZE            make a raw image, print its path
#   guest_create NAME [OPTION...] DISK...   as `guest config`; starts it
#   guest_ready NAME           wait until commands can be run
#   guest_sh NAME COMMAND      run it in the guest; its output and status
#   guest_console NAME         what the guest's console has said
#   guest_gone NAME            wait until no trace of the guest is left
#   domid NAME
#   VDEV                       what xl calls a guest's first disk of ours
#   RING_PAGES                 how many pages its ring takes

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

skip() {
	echo "SKIP: $*"
	exit 77
}

# expect WHAT COMMAND...: the command succeeds, within thirty seconds.
expect() {
	what=$1
	shift
	i=0
	until "$@" >/tmp/expect.out 2>&1; do
		i=$((i + 1))
		if [ $i -ge 150 ]; then
			cat /tmp/expect.out >&2
			fail "expected: $what"
		fi
		sleep 0.2
	done
}

# expect_log PATTERN: the daemon has logged such a line.
log_has() {
	daemon_log | grep -qE "$1"
}

expect_log() {
	expect "a log line like: $1" log_has "$1"
}

# quiet_dmesg NAME: the guest saw no I/O error and lost no grant.
quiet_dmesg() {
	guest_sh "$1" dmesg >/tmp/dmesg.out
	if grep -iE 'grant still in use|I/O error|Buffer I/O|critical' \
	    /tmp/dmesg.out; then
		fail "the guest's kernel complains"
	fi
}

# verify_patterns NAME IMAGE: 256 MiB written by the guest in mixed sizes, from
# unaligned buffers too, checked in the guest and, by another path, in the image.
verify_patterns() {
	guest_sh "$1" "vblk-load pattern-write --size 128M --seed 11 --direct /dev/vda" 120
	guest_sh "$1" "vblk-load pattern-write --size 256M --seed 12 /dev/vda" 120
	guest_sh "$1" "echo 3 >/proc/sys/vm/drop_caches;
		vblk-load pattern-check --size 256M --seed 12 --direct /dev/vda" 120
	sum=$(guest_sh "$1" "vblk-load pattern-sum --size 256M /dev/vda" 120 |
		tail -n 1)
	vblk-load pattern-check --size 256M --seed 12 "$2"
	[ "$sum" = "$(vblk-load pattern-sum --size 256M "$2" | tail -n 1)" ] ||
		fail "guest and image have different checksums"
	quiet_dmesg "$1"
}
