# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real Xen: scenarios run in dom0 of the rig. `guest` is the rig's helper.

DAEMON_LOG=/var/log/xen-vblkd.log
BACKEND=/local/domain/0/backend/virtio_disk
GENERIC=/local/domain/0/backend/virtio

# What xl calls a guest's first disk of ours, and how many pages Linux puts the
# ring of one queue of 256 entries into: descriptors fill one; the other two areas
# share one over PCI, but virtio-mmio's driver aligns the last to a page.
case $(uname -m) in
x86_64) VDEV=xvde RING_PAGES=2 ;;
*) VDEV=xvda RING_PAGES=3 ;;
esac

daemon_log() {
	cat "$DAEMON_LOG"
}

daemon_pid() {
	pidof xen-vblkd
}

daemon_answers() {
	xen-vblk list >/dev/null 2>&1
}

daemon_start() {
	# From inittab's point of view it is nobody's child: as under systemd.
	setsid xen-vblkd "$@" >>"$DAEMON_LOG" 2>&1 </dev/null &
	i=0
	until daemon_answers; do
		i=$((i + 1))
		[ $i -lt 150 ] || fail "the daemon does not answer: $(tail -n 3 $DAEMON_LOG)"
		sleep 0.1
	done
}

# no_process NAME
no_process() {
	! pidof "$1" >/dev/null
}

daemon_stop() {
	pid=$(daemon_pid) || return 0
	kill "$pid"
	expect "xen-vblkd ends" no_process xen-vblkd
}

image() {
	truncate -s "$2" "/srv/$1"
	echo "/srv/$1"
}

guest_configure() {
	guest config "$@" >/dev/null
}

# The options and disks of `guest config`; the name comes first here.
guest_create() {
	guest_write_config "$@"
	guest start "$1"
}

# Write the configuration only.
guest_write_config() {
	n=$1
	shift
	opts=''
	while [ $# -gt 0 ]; do
		case $1 in
		-*) opts="$opts $1 $2"; shift 2 ;;
		*) break ;;
		esac
	done
	# shellcheck disable=SC2086 # options have no blanks in scenarios
	guest config $opts "$n" "$@" >/dev/null
}

guest_ready() {
	guest until "$1" RIG-DOMU-AGENT "${2:-120}" ||
		fail "$1 did not come up: $(guest log "$1" | tail -n 5)"
}

guest_sh() {
	guest run "$1" "${3:-180}" "$2"
}

guest_console() {
	guest log "$1"
}

domid() {
	xl domid "$1" 2>/dev/null
}

no_domain() {
	! domid "$1" >/dev/null
}

# Names of zombies are "(null)"; the list has two lines: header and dom0.
no_zombie() {
	! xl list | grep -q '(null)'
}

no_node() {
	[ -z "$(xenstore-list "$BACKEND" 2>/dev/null)" ] &&
		[ -z "$(xenstore-list "$GENERIC" 2>/dev/null)" ]
}

# node_state DOMID N: of generic device N
node_state() {
	xenstore-read "$GENERIC/$1/$2/state"
}

# served DOMID N: it is in state 2
served() {
	[ "$(node_state "$1" "$2")" = 2 ]
}

guest_gone() {
	expect "domain $1 is gone" no_domain "$1"
	expect "no zombie domain is left" no_zombie
}

# Nothing of any guest is left: domain, worker, node, state, open image.
all_gone() {
	expect "no zombie domain is left" no_zombie
	expect "no worker is left" no_process xen-vblk-worker
	expect "no xenstore node is left" no_node
	expect "no state file is left" \
		sh -c '! ls /run/xen-vblkd/*.state 2>/dev/null'
	! lslocks 2>/dev/null | grep /srv/ || fail "an image is still locked"
}

# Every scenario begins and ends with nothing.
world_begin() {
	: >"$DAEMON_LOG"
}

world_end() {
	for d in $(xl list | awk 'NR > 2 { print $1 }'); do
		xl destroy "$d" 2>/dev/null || :
	done
	pid=$(pidof xen-vblkd xen-vblk-worker) && kill -9 $pid
	rm -rf /run/xen-vblkd /srv/* /tmp/*.out
	for d in "$BACKEND" "$GENERIC"; do
		xenstore-rm "$d" 2>/dev/null
	done
	:
}

# grants_of DOMID: the guest's grants that are in use, a line each.
grants_of() {
	xl dmesg -c >/dev/null
	xl debug-keys g
	xl dmesg | sed -n "/grant-table for remote d$1 /,/grant-table for remote/p"
}

# mapped_grants DOMID: how many grants of the guest are mapped now. References
# 0 to 7 are the toolstack's: the pages of the console and of xenstore.
mapped_grants() {
	grants_of "$1" | grep -cE '\[0x[0-9a-f]+\]' >/tmp/grants.out || :
	toolstack=$(grants_of "$1" | grep -cE '\[0x00[0-7]\]') || :
	echo $(($(cat /tmp/grants.out) - toolstack))
}

# expect_only_rings_mapped DOMID PAGES
expect_only_rings_mapped() {
	n=$(mapped_grants "$1")
	[ "$n" = "$2" ] || {
		grants_of "$1" >&2
		fail "$n grants are mapped at rest, expected $2"
	}
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
	[ "$(guest log "$1" | grep -c "$2")" -ge "$3" ]
}
