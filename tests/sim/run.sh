#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs a command in a simulated world of its own, with xenstored.

set -euo pipefail

usage() {
	cat <<U
usage: run.sh [-u] COMMAND [ARGUMENT...]

The command finds in its environment
  SIM_WORLD, XENSTORED_PATH   the world and its xenstored, for all programs
  SIM_LIBS                    LD_LIBRARY_PATH for those that talk to Xen
  SIMCTL                      the world's toolstack
Its status is ours, but 1 if all went well and Xen would have punished something,
or a sanitizer found something in what was built with it.

-u          show calls, maps and violations at the end
SIM_BUILD   where make has built (default: the tree this script is in)
XENSTORED   another xenstored than that of Debian's package
U
}

show=
while getopts uh opt; do
	case $opt in
	u) show=y ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { usage >&2 && exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${SIM_BUILD:-$here/../..}" && pwd)
export SIMCTL=$build/tests/sim/simctl
export SIM_LIBS=$build/tests/sim/lib
[ -x "$SIMCTL" ] || { echo "no $SIMCTL: run make sim first"; exit 77; }
xenstored=$("$here/prepare.sh") || { echo "$xenstored"; exit 77; }

place=/dev/shm
[ -w $place ] || place=${TMPDIR:-/tmp}
base=$(mktemp -d "$place/sim.XXXXXX")
pid=

# shellcheck disable=SC2317 # a trap calls it
cleanup() {
	trap - EXIT INT TERM
	[ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null || :
	rm -rf "$base"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What sanitizers have to say, also of a worker that gave up root. That of gcc for
# undefined behaviour says it on stderr, where our programs have their log.
chmod 711 "$base"
mkdir -m 1777 "$base/reports"
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}log_path=$base/reports/asan
reports() {
	cat "$base"/reports/* 2>/dev/null
	grep -rshF ': runtime error: ' --include='*.log' "$SIM_WORLD"
}

export SIM_WORLD=$base/world
export XENSTORED_RUNDIR=$SIM_WORLD/xenstored
export XENSTORED_PATH=$XENSTORED_RUNDIR/socket
"$SIMCTL" init "$SIM_WORLD"
mkdir "$XENSTORED_RUNDIR"

# Nobody counts what xenstored does, and nothing of it fails.
SIM_UNSEEN=1 LD_LIBRARY_PATH=$SIM_LIBS LD_PRELOAD=$SIM_LIBS/libxensim-xsd.so \
	"$xenstored" -N -F "$XENSTORED_RUNDIR/pid" >"$XENSTORED_RUNDIR/log" 2>&1 &
pid=$!
for ((i = 0; i < 200; i++)); do
	[ ! -S "$XENSTORED_PATH" ] || break
	sleep 0.02
done
[ -S "$XENSTORED_PATH" ] || {
	cat "$XENSTORED_RUNDIR/log"
	echo "xenstored does not start"
	exit 1
}

status=0
"$@" || status=$?
if [ -n "$show" ]; then
	"$SIMCTL" stats | awk '$2 != 0'
fi
violations=$("$SIMCTL" violations) || {
	echo "Xen would have punished:"
	echo "$violations"
	[ $status != 0 ] || status=1
}
found=$(reports) || :
if [ -n "$found" ]; then
	echo "A sanitizer found:"
	echo "$found"
	[ $status != 0 ] || status=1
fi
exit $status
