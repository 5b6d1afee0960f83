#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How the programs begin, and what they refuse to begin with: options, the
# runtime directory, another daemon, a xenstore or a Xen that does not answer. In
# each case the status is not 0 and the last line says what is wrong.

set -euo pipefail

# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

fail() {
	echo "FAIL: $*"
	cat "$SIM_WORLD/out"
	exit 1
}

# says STATUS WORDS COMMAND...
says() {
	local status=0 want=$1 words=$2

	shift 2
	LD_LIBRARY_PATH=$SIM_LIBS timeout 20 "$@" >"$SIM_WORLD/out" 2>&1 ||
		status=$?
	[ $status = "$want" ] || fail "status $status, not $want: $*"
	[ -z "$words" ] || grep -qF -- "$words" "$SIM_WORLD/out" ||
		fail "no word of '$words': $*"
}

daemon=$product/xen-vblkd
model=$product/xen-vblk-dm
conf=$SIM_WORLD/conf
configure() {
	printf '%s\n' "worker = $product/xen-vblk-worker" "runtime-dir = $run" \
		"socket = $run/control" "$@" >"$conf"
}

echo "--- options"
says 0 "usage: xen-vblkd" "$daemon" -h
says 0 "xen-vblkd 0." "$daemon" --version
says 2 "--help" "$daemon" --nonsense
says 2 "'more' is too much" "$daemon" more
says 2 "--log-level is" "$daemon" -l loud
says 0 "usage: xen-vblk-dm" "$model" -help
says 0 "xen-vblk-dm 0." "$model" -version
says 2 "there is no option -drive" "$model" -xen-domid 99 -drive a
says 2 "see xen-vblkd(8)" "$product/xen-vblk-worker"
says 2 "see xen-vblkd(8)" "$product/xen-vblk-worker" dom1

echo "--- the configuration"
says 1 "$conf: No such file" "$daemon" -c "$conf"
configure "grant-io = both"
says 1 "allowed is auto, copy or map" "$daemon" -c "$conf"
configure
says 0 "" "$daemon" -t -f -l debug -c "$conf"
printf 'worker = /nonexistent\n' >"$conf"
says 1 "no guest can be served" "$daemon" -t -c "$conf"

says 1 "/nonexistent: No such file" "$model" -xen-domid 99 -config /nonexistent \
	-disk "index=0,path=$SIM_WORLD/a.img"

echo "--- the runtime directory"
configure
mkdir "$run"
chmod 777 "$run"
says 1 "can be written by others" "$daemon" -c "$conf"
chmod 755 "$run"
if [ "$(id -u)" = 0 ]; then
	chown 1 "$run"
	says 1 "belongs to user 1" "$daemon" -c "$conf"
	chown 0 "$run"
fi
mkdir "$run/lock"
says 1 "$run/lock: " "$daemon" -c "$conf"
rmdir "$run/lock" "$run"
: >"$run"
says 1 "$run can't be used" "$daemon" -c "$conf"
rm "$run"

echo "--- the control socket"
printf '%s\n' "worker = $product/xen-vblk-worker" "runtime-dir = $run" \
	"socket = $run/$(printf '%0100d' 0)" >"$conf"
says 1 "File name too long" "$daemon" -c "$conf"

echo "--- xenstore and Xen"
configure
XENSTORED_PATH=/nonexistent says 1 "xenstore can't be used" "$daemon" -c "$conf"
SIM_FAIL=xc_open:1:EACCES says 1 "Xen can't be asked about domains" \
	"$daemon" -c "$conf"
says 1 "domain 99: " "$model" -xen-domid 99 -config "$conf" \
	-disk "index=0,path=$SIM_WORLD/a.img"

echo "--- two of them, and systemd"
NOTIFY_SOCKET=/nonexistent daemon_start "log-level = info"
says 1 "another xen-vblkd runs" "$daemon" -c "$conf"
grep -q "systemd can't be notified" "$SIM_WORLD/daemon.log" ||
	fail "no word of systemd"
daemon_stop
NOTIFY_SOCKET=@nobody daemon_start "log-level = info"
daemon_stop
