#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The fail walk through the scenarios: each of them again and again in the
# simulation, while the first, second and so on call of each kind into Xen's
# libraries fails, until none is left to fail. What the scenario wants need not come
# about then. But no data is wrong where nobody heard of an error, the guest's kernel
# would have nothing to complain of but errors, the daemon answers or has said why it
# ended, and when the guests are gone, nothing of them is left.
#
# Hours for all of them. make check has failwalk.sh, whose stories are short.

set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export SIM_BUILD=${SIM_BUILD:-$here/../..}
SIM_BUILD=$(cd "$SIM_BUILD" && pwd)
# shellcheck source=steps.sh
. "$here/steps.sh"
scenarios=$here/../e2e/scenarios

usage() {
	cat <<U
usage: failscenarios.sh [-j JOBS] [-k KIND]... [SCENARIO...]

SCENARIO  in tests/e2e/scenarios, without .sh (default: all of the simulation)
-k KIND   only such calls, named as by simctl stats (default: all)
-j JOBS   worlds at a time (default: twice the processors, because some wait)
SIM_BUILD and PRODUCT as for run.sh and one.sh

A line for each scenario and kind. Ends like tests/check.sh does.
U
}

# --- in a world --------------------------------------------------------------------

# What is wrong whatever failed. A grant that can't be unmapped stays in use, and a
# guest that can't be interrupted is not.
wrong() {
	local excused='^$'

	case $what in
	gnt_unmap:*) excused='still in use$' ;;
	dm_irq:*) excused='no interrupt for what was returned$' ;;
	esac
	grep -hE 'still in use|says the device|says it is written|only read|not out|somebody wrote|no interrupt' \
		"$PLACE"/*.complaints 2>/dev/null | grep -vE "$excused"
	grep -qiE 'input/output error|I/O error' "$SCRATCH/said" ||
		grep -E 'expected (seed|0x)|different checksums' "$SCRATCH/said"
}

only_domains() {
	"$SIMCTL" list | awk '$3 != "dying" { print $2 }'
}

nothing_held() {
	[ "$("$SIMCTL" held)" = 0 ] && [ -z "$("$SIMCTL" list)" ]
}

# in_world SCENARIO: with the call $what failing, if any; prints what is not as it
# has to be, and last how many calls failed
in_world() {
	local fault='' hits=0 status name i

	# shellcheck source=../e2e/functions.sh
	. "$here/../e2e/functions.sh"
	# shellcheck source=../e2e/world-sim.sh
	. "$here/../e2e/world-sim.sh"
	# Who hears of an error would wait in vain.
	expect() {
		shift
		for ((i = 0; i < 50; i++)); do
			"$@" >/dev/null 2>&1 && return
			sleep 0.1
		done
		fail "not in time: $*"
	}
	world_begin
	printf '%s\n' '#!/bin/sh' 'shift' 'exec /usr/bin/timeout 20 "$@"' \
		>"$SIM_WORLD/bin/timeout"
	chmod +x "$SIM_WORLD/bin/timeout"
	trap world_end EXIT
	[ -z "$what" ] || fault=$("$SIMCTL" fault "$what")
	(
		set -eu
		# shellcheck disable=SC1090 # the scenario is an argument
		. "$scenarios/$1.sh"
	) >"$SCRATCH/said" 2>&1
	status=$?
	[ -z "$what" ] || hits=$("$SIMCTL" fault-hits "$fault")
	"$SIMCTL" fault clear
	if [ "$hits" = 0 ] && [ $status != 0 ]; then
		echo "the scenario fails by itself"
		tail -n 20 "$SCRATCH/said"
	fi
	wrong
	for name in $(only_domains); do
		xl destroy "$name" >/dev/null 2>&1
	done
	for ((i = 0; i < 150; i++)); do
		! nothing_held || break
		sleep 0.1
	done
	nothing_held || {
		echo "something is left:"
		"$SIMCTL" list
		"$SIMCTL" stats | grep -E '^(foreign|grant|resource)_maps|^servers'
	}
	if daemon_pid >/dev/null; then
		daemon_answers || echo "the daemon does not answer"
		(daemon_stop) || echo "the daemon does not end"
	elif [ -s "$SCRATCH/sessions" ]; then
		grep -qE 'Input/output error|SIGTERM' "$DAEMON_LOG" ||
			echo "the daemon has ended without a word"
	fi
	[ -n "$what" ] || "$SIMCTL" stats | awk '
		/^hypercalls/ { exit }
		$2 { print $1 }' >"$logs/$1.kinds"
	echo "hits $hits"
}

# --- outside -----------------------------------------------------------------------

# once SCENARIO: sets $hits; fails if anything was not as it has to be
once() {
	local log=$logs/$1.${what//:/.}

	timeout -k 5 240 "$here/run.sh" "$0" --in "$1" "$what" >"$log" 2>&1 ||
		echo "status $?" >>"$log"
	hits=$(sed -n 's/^hits //p' "$log")
	[ "$(wc -l <"$log")" = 1 ] && [ -n "$hits" ]
}

# walk SCENARIO KIND
walk() {
	local n failed=0 bad=0 start=$SECONDS word=PASS

	for ((n = 1; ; n = $(next $n))); do
		what=$2:$n:EIO
		if ! once "$1"; then
			bad=$((bad + 1))
			echo "--- $1, $what:"
			cat "$logs/$1.${what//:/.}"
			# Nobody knows when to stop, then.
			[ -n "$hits" ] || break
		fi
		[ "$hits" -gt 0 ] || break
		failed=$((failed + 1))
	done
	[ $bad = 0 ] || word=FAIL
	printf '  %-7s %-44s %8s  %d calls failed\n' $word "$1/$2" \
		$((SECONDS - start))s $failed
	echo $word >>"$logs/results"
}

if [ "${1:-}" = --in ]; then
	what=$3
	in_world "$2"
	exit 0
elif [ "${1:-}" = --walk ]; then
	walk "$2" "$3"
	exit 0
fi

jobs=$((2 * $(nproc))) kinds=()
while getopts j:k:h opt; do
	case $opt in
	j) jobs=$OPTARG ;;
	k) kinds+=("$OPTARG") ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# = 0 ]; then
	# Those of another architecture, of another Xen, and of real things.
	mapfile -t names < <(grep -LE '^# (rig only|arch: x86|xen: stock)' \
		"$scenarios"/*.sh | sed 's,.*/,,; s,\.sh$,,')
	set -- "${names[@]}"
fi

logs=$(mktemp -d) || exit 2
trap 'rm -rf "$logs"' EXIT
trap 'trap - TERM; kill 0; wait; exit 130' INT TERM
export logs WORLD=sim LONG='' SIM_PATIENCE_MS=2500
: >"$logs/results"
for s; do
	[ -e "$scenarios/$s.sh" ] || { echo "no scenario $s"; exit 2; }
	what=
	once "$s" || { cat "$logs/$s."; exit 1; }
	if [ ${#kinds[@]} = 0 ]; then
		# Parts of a call are no calls of their own.
		{ cat "$logs/$s.kinds"; printf '%s\n' fm_page gnt_page gnt_segment; } |
			sort -u
	else
		printf '%s\n' "${kinds[@]}"
	fi | sed "s/^/$s /"
done | xargs -P "$jobs" -L 1 "$0" --walk

passed=$(grep -c PASS "$logs/results") failed=$(grep -c FAIL "$logs/results")
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
