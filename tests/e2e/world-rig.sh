# shellcheck shell=sh disable=SC2034 # scenarios use what is set here
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real Xen: scenarios run in dom0 of the rig. `guest` is the rig's helper.

IMAGES=/srv
SCRATCH=/tmp
SYS=/sys
MIB=64
[ -z "$LONG" ] || MIB=256
DAEMON_LOG=/var/log/xen-vblkd.log
BACKEND=/local/domain/0/backend/virtio_disk
GENERIC=/local/domain/0/backend/virtio
MODEL=/usr/libexec/xen-vblkd/xen-vblk-dm

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

workers() {
	pidof xen-vblk-worker
}

kill_workers() {
	killall -9 xen-vblk-worker
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

guest_set() {
	sed -i "s/^$2 = .*/$2 = \"$3\"/" "/etc/xen/$1.cfg"
}

guest_create_paused() {
	xl create -p "/etc/xen/$1.cfg"
}

guest_ready() {
	guest until "$1" RIG-DOMU-AGENT "${2:-120}" ||
		fail "$1 did not come up: $(guest log "$1" | tail -n 5)"
}

guest_sh() {
	guest run "$1" "${3:-180}" "$2"
}

guest_drop_caches() {
	guest_sh "$1" "echo 3 >/proc/sys/vm/drop_caches"
}

# It may be gone before its agent can say that it has done it.
guest_reboot() {
	guest_sh "$1" "reboot -f" 5 || :
}

guest_poweroff() {
	guest_sh "$1" "poweroff -f" 5 || :
}

guest_crash() {
	guest_sh "$1" "echo c >/proc/sysrq-trigger" 5 || :
}

guest_complaints() {
	guest_sh "$1" dmesg >"$SCRATCH/dmesg.out"
	grep -iE 'grant still in use|I/O error|critical' "$SCRATCH/dmesg.out" || :
}

guest_console() {
	guest log "$1"
}

domid() {
	xl domid "$1" 2>/dev/null
}

# Names of zombies are "(null)"; the list has two lines: header and dom0.
no_zombie() {
	! xl list | grep -q '(null)'
}

nodes() {
	xenstore-list "$BACKEND" 2>/dev/null
	xenstore-list "$GENERIC" 2>/dev/null || :
}

# node_state DOMID N: of generic device N
node_state() {
	xenstore-read "$GENERIC/$1/$2/state"
}

# model_guest NAME [OPTION...] WORDS...: write the configuration of a guest with
# a device model of its own; each WORDS is its -disk, but for the index. -g N
# says for all whether they use grants.
model_guest() {
	model_name=$1 model_opts='' model_grants=0 model_args='' i=0
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		-g) model_grants=$2; shift 2 ;;
		-*) model_opts="$model_opts $1 $2"; shift 2 ;;
		*) break ;;
		esac
	done
	for words; do
		model_opts="$model_opts -v grant_usage=$model_grants"
		model_args="$model_args\"-disk\",\"index=$i,$words\","
		i=$((i + 1))
	done
	# shellcheck disable=SC2086 # options have no blanks in scenarios
	guest_write_config "$model_name" $model_opts \
		-x "device_model_version=\"qemu-xen\"" \
		-x "device_model_override=\"$MODEL\"" \
		-x "channel=[\"connection=socket,path=/run/xen/none-$model_name,name=none\"]" \
		-x "device_model_args=[$model_args]"
}

model_log() {
	cat "/var/log/xen/qemu-dm-$1.log"
}

# model_ask DOMID QUESTION...: xen-vblk, of a guest's own device model
model_ask() {
	socket=/run/xen-vblkd/$1.control
	shift
	xen-vblk -s "$socket" "$@"
}

# Nothing of any guest is left: domain, worker, node, state, open image.
all_gone() {
	expect "no zombie domain is left" no_zombie
	expect "no worker is left" no_process xen-vblk-worker
	expect "no device model is left" no_process xen-vblk-dm
	expect "no xenstore node is left" no_node
	expect "no state file is left" \
		sh -c '! ls /run/xen-vblkd/*.state 2>/dev/null'
	expect "no socket is left" \
		sh -c '! ls /run/xen-vblkd/*.control /run/xen/qmp-* 2>/dev/null'
	! lslocks 2>/dev/null | grep /srv/ || fail "an image is still locked"
}

without_gntdev() {
	mv /dev/xen/gntdev /dev/xen/gntdev.away
	trap 'mv /dev/xen/gntdev.away /dev/xen/gntdev' EXIT
}

# Every scenario begins and ends with nothing.
world_begin() {
	: >"$DAEMON_LOG"
}

# What a scenario that failed is shown with, besides the daemon's log.
world_report() {
	for f in /var/log/xen/qemu-dm-*.log; do
		[ ! -e "$f" ] || { echo "--- $f"; tail -n 10 "$f"; }
	done
	echo "--- xl list"
	xl list
	echo "--- Xen's last words"
	xl dmesg | tail -n 8
}

world_end() {
	for d in $(xl list | awk 'NR > 2 { print $1 }'); do
		xl destroy "$d" 2>/dev/null || :
	done
	# shellcheck disable=SC2086 # a list of words
	pid=$(pidof xen-vblkd xen-vblk-worker xen-vblk-dm) && kill -9 $pid
	rm -rf /run/xen-vblkd /srv/* /tmp/*.out /var/log/xen/qemu-dm-*
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

# References 0 to 7 are the toolstack's: the pages of the console and of xenstore.
mapped_grants() {
	grants_of "$1" | grep -cE '\[0x[0-9a-f]+\]' >/tmp/grants.out || :
	toolstack=$(grants_of "$1" | grep -cE '\[0x00[0-7]\]') || :
	echo $(($(cat /tmp/grants.out) - toolstack))
}
