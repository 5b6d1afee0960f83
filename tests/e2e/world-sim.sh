# shellcheck shell=sh disable=SC2034 # scenarios use what is set here
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The simulated Xen: scenarios run on this host, in the world that
# tests/sim/run.sh has made. `xl` and `guest` are functions that do to the world
# what the real ones do to Xen; a guest is tests/guest/machine, and its programs
# are this host's, as nobody, with its disks at /dev/vda (tests/guest/preload.c).

build=$SIM_BUILD
product=${PRODUCT:-$build}
SCRATCH=$SIM_WORLD/scratch
IMAGES=$SIM_WORLD/images
DAEMON_LOG=$SCRATCH/daemon.log
RUN=$SIM_WORLD/run
VDEV=xvda RING_PAGES=3 SYS=sys MIB=8

# Programs of guests need a place that nobody can see, and the system's commands
# our versions of some.
PLACE=$(mktemp -d)
PATH=$SIM_WORLD/bin:$PATH
as_nobody=
[ "$(id -u)" != 0 ] || as_nobody="setpriv --reuid=65534 --regid=65534
	--clear-groups --no-new-privs"

# --- the daemon --------------------------------------------------------------------

daemon_log() {
	cat "$DAEMON_LOG"
}

# Whatever belongs to this world's daemons is in the session of one of them:
# "$SCRATCH/sessions" has their numbers, as pgrep wants them.
# processes PATTERN: those whose command line matches
processes() {
	read -r sessions <"$SCRATCH/sessions" && pgrep -s "$sessions" -f "$1"
}

daemon_pid() {
	processes "^$SIM_WORLD/bin/xen-vblkd "
}

workers() {
	processes "^xen-vblk-worker dom"
}

kill_workers() {
	# shellcheck disable=SC2046 # a list of words
	kill -9 $(workers)
}

no_process() {
	case $1 in
	xen-vblkd) ! daemon_pid ;;
	*) ! processes "^$1 " ;;
	esac >/dev/null
}

daemon_answers() {
	xen-vblk list >/dev/null 2>&1
}

# daemon_start [-c FILE]
daemon_start() {
	{
		echo "worker = $product/xen-vblk-worker"
		echo "runtime-dir = $RUN"
		echo "socket = $RUN/control"
		[ $# = 0 ] || cat "$2"
	} >"$SCRATCH/conf"
	LD_LIBRARY_PATH=$SIM_LIBS setsid "$SIM_WORLD/bin/xen-vblkd" \
		-c "$SCRATCH/conf" >>"$DAEMON_LOG" 2>&1 </dev/null &
	read -r sessions <"$SCRATCH/sessions" || sessions=
	echo "${sessions:+$sessions,}$!" >"$SCRATCH/sessions"
	i=0
	until [ -S "$RUN/control" ] && daemon_answers; do
		i=$((i + 1))
		[ $i -lt 500 ] || fail "the daemon does not answer: $(tail -n 3 "$DAEMON_LOG")"
		sleep 0.02
	done
}

daemon_stop() {
	pid=$(daemon_pid) || return 0
	kill "$pid"
	expect "xen-vblkd ends" no_process xen-vblkd
}

image() {
	truncate -s "$2" "$IMAGES/$1"
	echo "$IMAGES/$1"
}

# --- guests ------------------------------------------------------------------------

# Scenarios have variables of their own; ours begin with cfg_. A guest's
# configuration is a file of them; cfg_disks and cfg_virtio are lists, one thing
# a line.
guest_write_config() {
	cfg_name=$1 cfg_grant=0 cfg_vcpus=1 cfg_uuid='' cfg_virtio='' cfg_disks=''
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		-g) cfg_grant=$2 ;;
		-c) cfg_vcpus=$2 ;;
		-m) ;;
		-v) cfg_virtio="$cfg_virtio$2
" ;;
		-x)
			case $2 in
			uuid=*) cfg_uuid=$(echo "${2#uuid=}" | tr -d '"') ;;
			*) fail "a simulated guest knows no $2" ;;
			esac
			;;
		-*) fail "a simulated guest knows no $1" ;;
		*) break ;;
		esac
		shift 2
	done
	while [ $# -gt 0 ]; do
		cfg_disks="$cfg_disks$1
"
		shift
	done
	cat >"$PLACE/$cfg_name.cfg" <<-C
	cfg_grant=$cfg_grant cfg_vcpus=$cfg_vcpus cfg_uuid=$cfg_uuid
	cfg_on_reboot=destroy cfg_virtio='$cfg_virtio' cfg_disks='$cfg_disks'
	C
}

guest_set() {
	echo "cfg_$2=$3" >>"$PLACE/$1.cfg"
}

# attach ID DISK VDEV NAME: prints what the machine has to know of it
attach() {
	path=${2%%,*} access='' discard='' kind=foreign grants=''
	if [ ! -e "$path" ]; then
		echo "xl: $path: No such file or directory" >&2
		return 1
	elif [ -d "$path" ]; then
		echo "xl: $path is a directory" >&2
		return 1
	fi
	case $2 in *,access=ro*) access=ro ;; esac
	case $2 in *,no-discard*) discard=discard-enable=0 ;; esac
	[ "$cfg_grant" = 0 ] || kind=grant grants=grants
	# shellcheck disable=SC2086 # words or none
	at=$("$SIMCTL" disk-add "$1" "$3" "$path" $access $grants \
		$discard) || return 1
	echo "$4,$(echo "$at" | tr ' ' ,),$kind"
}

# attach_generic ID KEYS NAME
attach_generic() {
	type=virtio,device2 kind=foreign grants=''
	case $2 in
	type=*) type=$(echo "$2" | sed 's/^type=\([^,]*,[^,]*\).*/\1/') ;;
	esac
	case $2 in *grant_usage=1*) kind=grant grants=grants ;; esac
	# shellcheck disable=SC2086 # words or none
	at=$("$SIMCTL" generic-add "$1" "$type" $grants) || return 1
	[ "$type" != virtio,device2 ] || echo "$3,$(echo "$at" | tr ' ' ,),$kind"
}

# attach_all ID: disks first, as libxl does
attach_all() {
	letters="a b c d e f g h i j k"
	while read -r what device; do
		l=${letters%% *} letters=${letters#* }
		case $what in
		disk) attach "$1" "$device" "xvd$l" "vd$l" || return 1 ;;
		virtio) attach_generic "$1" "$device" "vd$l" || return 1 ;;
		esac
	done
}

# create NAME: all that xl does until the guest runs
create() {
	mkdir -p "$PLACE/$1"
	# Programs in it are somebody else.
	chmod 1777 "$PLACE/$1"
	# shellcheck disable=SC1090 # guest_write_config wrote it
	. "$PLACE/$1.cfg"
	# shellcheck disable=SC2086 # a word or none
	cfg_id=$("$SIMCTL" create "$1" 8 "$cfg_vcpus" $cfg_uuid)
	{
		printf %s "$cfg_disks" | sed 's/^/disk /'
		printf %s "$cfg_virtio" | sed 's/^/virtio /'
	} >"$PLACE/$1.wanted"
	(attach_all "$cfg_id" <"$PLACE/$1.wanted") >"$PLACE/$1.devices" && return
	"$SIMCTL" destroy "$cfg_id" || :
	return 1
}

# boot NAME: the guest runs, in the domain that is there
boot() {
	# shellcheck disable=SC2046 # a list of words
	(cd "$PLACE/$1" && exec setsid "$build/tests/guest/machine" "$cfg_id" \
		"$cfg_vcpus" $(cat "../$1.devices") >>"../$1.console" \
		2>>"../$1.complaints" </dev/null) &
	echo $! >"$PLACE/$1.pid"
}

guest() {
	case $1 in
	start)
		: >"$PLACE/$2.console"
		: >"$PLACE/$2.complaints"
		create "$2" && boot "$2"
		;;
	*) fail "guest $1 means nothing in the simulation" ;;
	esac
}

guest_create() {
	guest_write_config "$@"
	guest start "$1"
}

guest_create_paused() {
	create "$1"
}

runs() {
	read -r cfg_pid <"$PLACE/$1.pid" && kill -0 "$cfg_pid"
}

guest_ready() {
	i=0
	until grep -q '^RIG-DOMU-AGENT' "$PLACE/$1.console"; do
		i=$((i + 1))
		if [ $i -gt 400 ] || ! runs "$1"; then
			fail "$1 did not come up: $(cat "$PLACE/$1.complaints")"
		fi
		sleep 0.05
	done
}

guest_sh() {
	# shellcheck disable=SC2086 # a command and its options
	(cd "$PLACE/$1" && exec timeout "${3:-180}" $as_nobody env -i \
		PATH="$PLACE/bin:$PATH:/usr/sbin:/sbin" GUEST_DISKS="$PLACE/$1/dev" \
		LD_PRELOAD="$PLACE/bin/preload.so" sh -c "$2")
}

guest_console() {
	cat "$PLACE/$1.console"
}

guest_complaints() {
	cat "$PLACE/$1.complaints"
}

# A simulated guest has no page cache.
guest_drop_caches() {
	:
}

# ended NAME HOW: by itself; xl sees that and does what it was told
ended() {
	"$SIMCTL" shutdown "$(domid "$1")" "$2"
	xl destroy "$1"
	# shellcheck disable=SC1090 # guest_write_config wrote it
	. "$PLACE/$1.cfg"
	# shellcheck disable=SC2154 # so did it cfg_on_reboot
	if [ "$2" = reboot ] && [ "$cfg_on_reboot" = restart ]; then
		create "$1"
		boot "$1"
	fi
}

guest_reboot() {
	ended "$1" reboot
}

guest_poweroff() {
	ended "$1" poweroff
}

guest_crash() {
	ended "$1" crash
}

# --- xl ----------------------------------------------------------------------------

domid() {
	"$SIMCTL" list | awk -v name="$1" '
		$2 == name && $3 != "dying" { print $1; found = 1 }
		END { exit !found }'
}

# A device that nobody closes is an error message of libxl's, and no failure.
xl_destroy() {
	cfg_id=$(domid "$1") || return 1
	"$SIMCTL" destroy "$cfg_id" || no_domain "$1" || return 1
	if [ -e "$PLACE/$1.pid" ]; then
		kill "$(cat "$PLACE/$1.pid")" 2>/dev/null || :
		rm "$PLACE/$1.pid"
	fi
}

xl() {
	case $1 in
	destroy) xl_destroy "$2" ;;
	# A guest without a driver for xenstore hears nothing of it.
	shutdown) return 1 ;;
	list) "$SIMCTL" list ;;
	*) fail "xl $1 means nothing in the simulation" ;;
	esac
}

no_zombie() {
	! "$SIMCTL" list | grep -q dying
}

node_state() {
	"$SIMCTL" store-read "/local/domain/0/backend/virtio/$1/$2/state"
}

nodes() {
	for kind in virtio_disk virtio; do
		"$SIMCTL" store-list "/local/domain/0/backend/$kind" 2>/dev/null
	done
	:
}

mapped_grants() {
	"$SIMCTL" grants "$1"
}

# --- what is taken away -------------------------------------------------------------

without_gntdev() {
	"$SIMCTL" fault gnt_open:1:ENOENT:ever >/dev/null
}

# A hypervisor without ioreq servers has no dm_op at all.
stock_xen() {
	for call in dm_vcpus dm_create dm_state dm_map_range; do
		"$SIMCTL" fault $call:1:ENOSYS:ever >/dev/null
	done
}

# --- the world ----------------------------------------------------------------------

all_gone() {
	expect "no domain is dying" no_zombie
	expect "no worker is left" no_process xen-vblk-worker
	expect "no xenstore node is left" no_node
	expect "no state file is left" \
		sh -c "! ls $RUN/*.state 2>/dev/null"
	left=$("$SIMCTL" stats | awk '
		/^(foreign_maps|grant_maps|resource_maps|servers) / && $2 != 0')
	[ -z "$left" ] || fail "something is left: $left"
	! lslocks 2>/dev/null | grep "$IMAGES/" || fail "an image is still locked"
}

world_begin() {
	mkdir -p "$PLACE/bin" "$SCRATCH" "$IMAGES" "$SIM_WORLD/bin"
	chmod 711 "$PLACE"
	cp "$build/vblk-load" "$build/tests/guest/preload.so" "$PLACE/bin/"
	ln -s "$product/xen-vblkd" "$build/vblk-load" "$SIM_WORLD/bin/"
	cat >"$SIM_WORLD/bin/xen-vblk" <<-X
	#!/bin/sh
	LD_LIBRARY_PATH=$SIM_LIBS exec $build/xen-vblk -s $RUN/control "\$@"
	X
	chmod +x "$SIM_WORLD/bin/xen-vblk"
	: >"$DAEMON_LOG"
	: >"$SCRATCH/sessions"
	[ -z "${STOCK_XEN:-}" ] || stock_xen
}

world_report() {
	"$SIMCTL" list
	"$SIMCTL" stats | awk '$2 != 0' | tail -n 20
	for f in "$PLACE"/*.complaints; do
		[ ! -s "$f" ] || cat "$f"
	done
}

world_end() {
	for f in "$PLACE"/*.pid; do
		[ ! -e "$f" ] || kill "$(cat "$f")" 2>/dev/null
	done
	if read -r sessions <"$SCRATCH/sessions"; then
		# A daemon's end is part of the test, and of what is counted.
		daemon_pid | xargs -r kill
		i=0
		while daemon_pid >/dev/null && [ $i -lt 100 ]; do
			i=$((i + 1))
			sleep 0.05
		done
		pkill -9 -s "$sessions"
	fi
	rm -rf "$PLACE"
}
