# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The words that scenarios are written in. A scenario says what a user does and
# what must be true afterwards; how that is done in a world is in world-NAME.sh.
# A scenario is a plain sh script, run with `set -eu`; the first command that
# fails ends it, and what it printed is shown.
#
# What a world provides (world-rig.sh: real Xen, we are in dom0; world-sim.sh: the
# simulated one, on this host), besides xen-vblk, vblk-load, `guest start` and xl:
#   daemon_start [OPTION...]   xen-vblkd, and wait until it is ready
#   daemon_stop                orderly; fails if it does not end in 15 s
#   daemon_log                 what it has logged since the scenario began
#   workers, kill_workers      their process ids; SIGKILL for all of them
#   image NAME SIZE            make a raw image, print its path
#   guest_write_config NAME [OPTION...] DISK...   as `guest config`
#   guest_set NAME KEY VALUE   change a line of it
#   guest_create NAME [OPTION...] DISK...   write it, and start the guest
#   guest_create_paused NAME   start it, but nothing in it runs
#   guest_ready NAME           wait until commands can be run
#   guest_sh NAME COMMAND      run it in the guest; its output and status. It
#                              begins in a directory that belongs to the guest
#   guest_drop_caches NAME
#   guest_reboot NAME, guest_poweroff, guest_crash   from inside
#   guest_console NAME         what the guest's console has said
#   guest_complaints NAME      lines with which its kernel accuses a device
#   guest_gone NAME            wait until no trace of the guest is left
#   domid NAME
#   nodes                      lists our directories in xenstore
#   mapped_grants DOMID        how many are mapped now, but for the toolstack's
#   without_gntdev             /dev/xen/gntdev is gone until the scenario ends
#   IMAGES, SCRATCH            directories of images; of everything else
#   SYS                        the guest's sysfs, from where guest_sh begins
#   MIB                        how much is worth to be written and verified
#   VDEV                       what xl calls a guest's first disk of ours
#   RING_PAGES                 how many pages its ring takes
# From whoever runs it: LONG, not empty if a scenario that has two forms is to take
# the long one.
LONG=${LONG:-}

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
	until "$@" >"$SCRATCH/expect.out" 2>&1; do
		i=$((i + 1))
		if [ $i -ge 150 ]; then
			cat "$SCRATCH/expect.out" >&2
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
	guest_complaints "$1" >"$SCRATCH/complaints.out"
	if grep . "$SCRATCH/complaints.out"; then
		fail "the guest's kernel complains"
	fi
}

# verify_patterns NAME IMAGE MIB: all of it is written by the guest in mixed sizes
# and from unaligned buffers, and read by the guest through its cache and, by
# another path, in the image. A quarter is written through the cache, then.
verify_patterns() {
	guest_sh "$1" "vblk-load pattern-write --size ${3}M --seed 12 --direct /dev/vda" 120
	guest_drop_caches "$1"
	sum=$(guest_sh "$1" "vblk-load pattern-sum --size ${3}M /dev/vda" 120 |
		tail -n 1)
	vblk-load pattern-check --size "${3}M" --seed 12 "$2"
	[ "$sum" = "$(vblk-load pattern-sum --size "${3}M" "$2" | tail -n 1)" ] ||
		fail "guest and image have different checksums"
	guest_sh "$1" "vblk-load pattern-write --size $(($3 / 4))M --seed 11 /dev/vda" 120
	guest_sh "$1" "vblk-load pattern-check --size $(($3 / 4))M --seed 11 --direct /dev/vda" 120
	vblk-load pattern-check --size "$(($3 / 4))M" --seed 11 "$2"
	quiet_dmesg "$1"
}

no_domain() {
	! domid "$1" >/dev/null
}

no_node() {
	[ -z "$(nodes)" ]
}

has_nodes() {
	[ -n "$(nodes)" ]
}

# served DOMID N: generic device N is in state 2
served() {
	[ "$(node_state "$1" "$2")" = 2 ]
}

guest_gone() {
	expect "domain $1 is gone" no_domain "$1"
	expect "no zombie domain is left" no_zombie
}

# expect_only_rings_mapped DOMID PAGES
expect_only_rings_mapped() {
	n=$(mapped_grants "$1")
	[ "$n" = "$2" ] || fail "$n grants are mapped at rest, expected $2"
}

# stat_of DOM/VDEV COUNTER
stat_of() {
	xen-vblk stats --json "$1" |
		sed -n "s/.*\"$2\": *\([0-9]*\).*/\1/p" | head -n 1
}

# 512-byte blocks that a file takes
blocks() {
	stat -c %b "$1"
}

# zeroes FILE MIB MIB: is that part zero?
zeroes() {
	[ "$(dd if="$1" bs=1M skip="$2" count="$3" 2>/dev/null | tr -d '\0' |
		wc -c)" = 0 ]
}

reborn() {
	d=$(domid "$1") && [ "$d" != "$2" ]
}

# guest_says_since NAME PATTERN COUNT
guest_says_since() {
	[ "$(guest_console "$1" | grep -c "$2")" -ge "$3" ]
}
