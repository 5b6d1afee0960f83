#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boots Xen and dom0 in QEMU, and ends them again.  All of a run's state is in
# its run directory, so runs do not know of each other.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<U
usage: boot.sh start [DIR]   boot, wait for dom0's shell, print the run directory
       boot.sh stop DIR      end it; a directory that start made itself goes too
       boot.sh status DIR    say whether it runs (exit status 0) or not (1)
       boot.sh console DIR   a terminal on Xen's and dom0's console (leave: ^])
       boot.sh log DIR       print the console log

DIR/console.log is the console, DIR/share is dom0's /share.

ARCH=arm        or x86
SMP=1           CPUs; 1 is fastest and steadiest, 2 hunts races
MEM=3072        the machine's memory in MiB
DOM0_MEM=1536   dom0's share of it
RAMDISK=512     size in MiB of dom0's /dev/ram0 ... (memory is taken as written)
XEN             another hypervisor than the one with ioreq servers
XENEXTRA        more words for Xen's command line
DOM0EXTRA       more words for dom0's command line
QEMUEXTRA       more arguments for QEMU, e.g. a real disk for dom0
RIG_IMAGE_OUT   where pack.sh put the images, if not in the default place
BOOT_TIMEOUT=180 seconds until dom0's shell must be there
RIG_LIFETIME=3600  seconds until a forgotten QEMU ends by itself
RIG_KEEP=1      stop leaves the run directory in place
U
}

running() {
	local pid

	pid=$(cat "$1/qemu.pid" 2>/dev/null) && [ -n "$pid" ] &&
		kill -0 "$pid" 2>/dev/null &&
		[ "$(readlink "/proc/$pid/cwd")" = "$(realpath "$1")" ]
}

# Runs in the run directory: socket names there are short enough for sun_path.
start_qemu() {
	local image=${RIG_IMAGE_OUT:-$RIG_IMAGE} smp=${SMP:-1}
	local xen=${XEN:-$image/xen} xen_args dom0_args
	local -a extra

	[ -e "$image/dom0.cpio" ] ||
		die "no images in $image: run $RIG_DIR/pack.sh first"
	xen_args="dom0_mem=${DOM0_MEM:-1536}M dom0_max_vcpus=$smp bootscrub=0"
	xen_args+=" noreboot loglvl=all guest_loglvl=all"
	xen_args+=" $rig_xen_args ${XENEXTRA:-}"
	dom0_args="console=hvc0 loglevel=6 null_blk.nr_devices=0"
	dom0_args+=" brd.rd_size=$((${RAMDISK:-512} * 1024))"
	dom0_args+=" $rig_dom0_args ${DOM0EXTRA:-}"
	read -ra extra <<<"${QEMUEXTRA:-}"
	machine "$xen" "$xen_args" "$image/Image" "${dom0_args//,/,,}" \
		"$image/dom0.cpio"

	timeout -k 5 "${RIG_LIFETIME:-3600}" "$rig_qemu" \
		"${machine[@]}" -accel tcg,thread=multi \
		-smp "$smp" -m "${MEM:-3072}" \
		-nodefaults -display none -no-reboot -pidfile qemu.pid \
		-chardev socket,id=con,path=console.sock,server=on,wait=off,logfile=console.log \
		-serial chardev:con \
		-fsdev local,id=share,path=share,security_model=none \
		-device "$rig_9p,fsdev=share,mount_tag=rigshare" \
		"${extra[@]}" </dev/null >qemu.out 2>&1 3>&- 9>&- &
	qemu_job=$!
}

wait_for_shell() {
	local limit=$((SECONDS + ${BOOT_TIMEOUT:-180}))

	until grep -q RIG-DOM0-SHELL console.log 2>/dev/null; do
		kill -0 "$qemu_job" 2>/dev/null || {
			tail -n 20 console.log qemu.out >&3 2>/dev/null || true
			die "QEMU ended before dom0 was up (see $PWD)"
		}
		[ "$SECONDS" -lt "$limit" ] || {
			tail -n 20 console.log >&3 || true
			stop_qemu "$PWD"
			die "no dom0 shell in ${BOOT_TIMEOUT:-180} s (see $PWD)"
		}
		pause 0.2
	done
}

stop_qemu() {
	local pid i

	running "$1" || return 0
	pid=$(cat "$1/qemu.pid")
	kill "$pid" 2>/dev/null || true
	for i in {1..50}; do
		running "$1" || return 0
		[ "$i" != 40 ] || kill -9 "$pid" 2>/dev/null || true
		sleep 0.05
	done
	die "QEMU $pid does not die"
}

start() {
	local dir=${1:-}

	if [ -z "$dir" ]; then
		dir=$(mktemp -d "${TMPDIR:-/tmp}/xen-vblkd-rig.XXXXXX")
		: >"$dir/temporary"
	fi
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd -P)
	stop_qemu "$dir"
	cd "$dir"
	rm -rf share/jobs console.log console.sock qemu.out qemu.pid
	mkdir -p share/jobs
	start_qemu
	# an interrupted start leaves no QEMU behind
	trap 'kill "$qemu_job" 2>/dev/null || true' INT TERM
	wait_for_shell
	trap - INT TERM
	say "dom0 is up after $(sed -n 's/^.*RIG-DOM0-SHELL uptime \([0-9.]*\).*/\1/p' \
		console.log | head -n 1) s of its own time, SMP=${SMP:-1}"
	echo "$dir"
}

stop() {
	stop_qemu "$1"
	if [ -e "$1/temporary" ] && [ -z "${RIG_KEEP:-}" ]; then
		rm -rf "$1"
	fi
}

status() {
	if running "$1"; then
		echo "runs, QEMU is process $(cat "$1/qemu.pid")"
	else
		echo "does not run"
		return 1
	fi
}

console() {
	cd "$1"
	echo "console of $1; leave with ^]" >&2
	exec socat "STDIO,raw,echo=0,escape=0x1d" UNIX-CONNECT:console.sock
}

case ${1:-} in
start)
	start "${2:-}"
	exit
	;;
stop | status | console)
	[ -d "${2:-}" ] || die "$1: which run directory?"
	"$1" "$2"
	;;
log)
	cat "${2:?which run directory?}/console.log"
	;;
-h | --help)
	usage
	;;
*)
	usage >&2
	exit 2
	;;
esac
