#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hostile guests against the unmodified daemon and worker, in the simulation:
# every lie in tests/hostile/lies, in a world where data is copied and in one
# where all memory is mapped, side by side.

set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export SIM_BUILD=${SIM_BUILD:-$here/../..}
build=$(cd "$SIM_BUILD" && pwd)
product=${PRODUCT:-$build}

usage() {
	cat <<U
usage: run.sh [-w WORLD] [-f SECONDS [-S SEED]] [LIE]...

LIE         a file in tests/hostile/lies without .c (default: all)
-w WORLD    copy or map (default: both)
-f SECONDS  no lies, but a guest gone mad for so long
-S SEED     of its first round, which is a second (default: 1)
SIM_BUILD   where make has built (default: the tree this script is in)
PRODUCT     where the daemon was built, if elsewhere

Ends like tests/check.sh does.
U
}

# --- in a world --------------------------------------------------------------------

# disk DOMID VDEV FILE SIZE OPTION...: as a toolstack attaches it
disk() {
	local id=$1 vdev=$2 file=$SIM_WORLD/$3

	truncate -s "$4" "$file"
	shift 4
	"$SIMCTL" disk-add "$id" "$vdev" "$file" "$@" >/dev/null
}

world() {
	local program=$1 title=$2 settings=() id other

	shift 2
	[ "$title" = copy ] || settings=("grant-io = map")
	{
		printf '%s\n' "worker = $product/xen-vblk-worker" \
			"runtime-dir = $SIM_WORLD/run" \
			"socket = $SIM_WORLD/run/control" "${settings[@]}"
		[ "$title" = copy ] || printf '[disk]\ndirect = off\n'
	} >"$SIM_WORLD/conf"
	LD_LIBRARY_PATH=$SIM_LIBS "$product/xen-vblkd" -c "$SIM_WORLD/conf" \
		>"$SIM_WORLD/daemon.log" 2>&1 &
	daemon=$!
	trap 'kill $daemon 2>/dev/null; wait $daemon' EXIT
	until [ -S "$SIM_WORLD/run/control" ]; do
		kill -0 $daemon || return 1
		sleep 0.02
	done
	id=$("$SIMCTL" create liar 16 4) && other=$("$SIMCTL" create other 16 1) &&
		disk "$id" xvda liar.img 16M grants &&
		disk "$id" xvdb beside.img 4M grants &&
		disk "$id" xvdc readonly.img 1M ro grants &&
		disk "$other" xvda other.img 4M grants || return 1
	"$build/tests/hostile/$program" -t "$title" -g "$id" -o "$other" \
		-s "$SIM_WORLD/run/control" "$@"
}

if [ "${1:-}" = --in ]; then
	shift
	world "$@"
	rc=$?
	[ $rc = 0 ] || tail -n 30 "$SIM_WORLD/daemon.log"
	exit $rc
fi

# --- both worlds ---------------------------------------------------------------------

worlds='copy map'
program=hostile seconds='' seed=1
while getopts w:f:S:h opt; do
	case $opt in
	f) program=flip seconds=$OPTARG ;;
	S) seed=$OPTARG ;;
	w) worlds=$OPTARG ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ -z "$seconds" ] || set -- -n "$seconds" -S "$seed"

logs=$(mktemp -d) || exit 2
pids=()

# shellcheck disable=SC2317 # a trap calls it
stop() {
	trap - EXIT INT TERM
	for p in ${pids[@]+"${pids[@]}"}; do
		kill -- "-$p"
	done 2>/dev/null
	rm -rf "$logs"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Each world is a process group, and ends as one.
set -m
for w in $worlds; do
	"$here/../sim/run.sh" "$0" --in $program "$w" "$@" >"$logs/$w" 2>&1 &
	pids+=($!)
done
set +m

passed=0 failed=0 skipped=0
summary='^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'
for w in $worlds; do
	wait "${pids[0]}"
	rc=$?
	pids=("${pids[@]:1}")
	grep -vE "$summary" "$logs/$w"
	counts=$(grep -E "$summary" "$logs/$w" | tail -n 1)
	read -r p f s <<<"${counts//[!0-9 ]/}"
	if [ $rc = 77 ]; then
		s=$((${s:-0} + 1))
	elif [ $rc != 0 ] && [ "${f:-0}" = 0 ]; then
		echo "  FAIL    hostile/$w: exit status $rc"
		f=1
	fi
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
	skipped=$((skipped + ${s:-0}))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
