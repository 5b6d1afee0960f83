# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What scripts in a simulated world share: the daemon, and what it left. Their
# arguments are those of run.sh, which they run in. PRODUCT is where the daemon
# was built, if elsewhere.

here=$(cd "$(dirname "$0")" && pwd)
export SIM_BUILD=${SIM_BUILD:-$here/../..}
[ -n "${SIM_WORLD:-}" ] || exec "$here/run.sh" "$0" "$@"

build=$(cd "$SIM_BUILD" && pwd)
product=${PRODUCT:-$build}
run=$SIM_WORLD/run
pid=
preload=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :' EXIT

fail() {
	echo "FAIL: $*"
	cat "$SIM_WORLD/daemon.log"
	exit 1
}

# pause SECONDS: without a process, which would take longer than many a pause
exec {never}<> <(:)
pause() {
	read -r -t "$1" -u "$never" || :
}

# within SECONDS COMMAND...
within() {
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "not in time: $*"
		pause 0.05
	done
}

vblk() {
	"$build/xen-vblk" -s "$run/control" "$@"
}

# daemon_begin [LINE...]: with these lines of configuration, and $preload
daemon_begin() {
	printf '%s\n' "worker = $product/xen-vblk-worker" \
		"runtime-dir = $run" "socket = $run/control" \
		"$@" >"$SIM_WORLD/conf"
	LD_LIBRARY_PATH=$SIM_LIBS LD_PRELOAD=$preload \
		"$product/xen-vblkd" -c "$SIM_WORLD/conf" \
		>>"$SIM_WORLD/daemon.log" 2>&1 &
	pid=$!
}

# daemon_start [LINE...]
daemon_start() {
	daemon_begin "$@"
	within 10 vblk list
}

daemon_stop() {
	kill "$pid"
	wait "$pid" || fail "the daemon ended with $?"
	pid=
}

workers() {
	pgrep -P "$pid" -f xen-vblk-worker
}

# count NAME: a line of the world's statistics
count() {
	"$SIMCTL" stats | sed -n "s/^$1 //p"
}

# held: what is mapped, and how many ioreq servers there are
held() {
	"$SIMCTL" held
}

nothing_left() {
	"$SIMCTL" empty && ! workers
}

# look; said WORDS: in the log, since then
look() {
	wc -l <"$SIM_WORLD/daemon.log" >"$SIM_WORLD/looked"
}

said() {
	tail -n +$(($(cat "$SIM_WORLD/looked") + 1)) "$SIM_WORLD/daemon.log" |
		grep -qF -- "$1"
}

# The last thing of Xen's that a worker has, whoever is its parent.
let_go() {
	[ "$(count resource_maps)" = 0 ]
}

# The status register, which only a worker with the guest's state knows.
status_is() {
	[ "$("$SIMCTL" read "$id" $((base + 0x70)))" = "$1" ]
}

locked() {
	! flock -n "$1" true
}

# hold FILE: locked by another process, $holder; unhold
hold() {
	(flock 7 && exec sleep 60) 7>>"$1" &
	holder=$!
	within 5 locked "$1"
}

unhold() {
	kill "$holder"
	wait "$holder" 2>/dev/null || :
}

# guest_begins NAME: it uses its disk, of 1 MiB; sets $id, $base
guest_begins() {
	id=$("$SIMCTL" create "$1" 16 1)
	truncate -s 1M "$SIM_WORLD/$1.img"
	read -r base _ < <("$SIMCTL" disk-add "$id" xvda "$SIM_WORLD/$1.img" \
		grants) || fail "disk-add"
	"$SIMCTL" write "$id" $((base + 0x70)) 3 || fail "status"
}
