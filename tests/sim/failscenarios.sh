#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The fail walk through the scenarios: each of them again and again in the
# simulation (failscenario.sh says what must hold), while a call into Xen's libraries
# fails, one kind after the other: the first to the eighth, the sixteenth and so on,
# twice as many each time, until none is left to fail.
#
# Hours for all of them. make check has failwalk.sh, whose stories are short.

set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export SIM_BUILD=${SIM_BUILD:-$here/../..}
SIM_BUILD=$(cd "$SIM_BUILD" && pwd)
scenarios=$here/../e2e/scenarios

usage() {
	cat <<U
usage: failscenarios.sh [-j JOBS] [-k KIND]... [SCENARIO...]

SCENARIO  in tests/e2e/scenarios, without .sh (default: all of the simulation)
-k KIND   only such calls, named as by simctl stats (default: all)
-j JOBS   worlds at a time (default: twice the processors, because some wait)
SIM_BUILD and PRODUCT as for run.sh and e2e/one.sh

A line for each scenario and kind. Ends like tests/check.sh does.
U
}

# once SCENARIO: sets $hits; fails if anything was not as it has to be
once() {
	local log=$logs/$1.${what//:/.}

	timeout -k 5 240 "$here/run.sh" "$here/failscenario.sh" "$1" "$what" \
		>"$log" 2>&1 || echo "status $?" >>"$log"
	hits=$(sed -n 's/^hits //p' "$log")
	[ -n "$hits" ] && ! grep -vqE '^(kind|hits) ' "$log"
}

# walk SCENARIO KIND
walk() {
	local n failed=0 bad=0 start=$SECONDS word=PASS

	for ((n = 1; ; n = n < 8 ? n + 1 : 2 * n)); do
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

if [ "${1:-}" = --walk ]; then
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
for s; do
	[ -e "$scenarios/$s.sh" ] || { echo "no scenario $s" >&2; exit 2; }
done

logs=$(mktemp -d) || exit 2
trap 'rm -rf "$logs"' EXIT
trap 'trap - TERM; kill 0; wait; exit 130' INT TERM
export logs WORLD=sim LONG='' SIM_PATIENCE_MS=4000
: >"$logs/results"
# With nothing else beside them; and which kinds of calls they make.
for s; do
	what=
	once "$s" || { cat "$logs/$s." >&2; exit 1; }
	if [ ${#kinds[@]} = 0 ]; then
		# Parts of a call are no calls of their own.
		{ sed -n 's/^kind //p' "$logs/$s."; printf '%s\n' fm_page gnt_page \
			gnt_segment; } | sort -u
	else
		printf '%s\n' "${kinds[@]}"
	fi | sed "s/^/$s /"
done >"$logs/walks"
xargs -P "$jobs" -L 1 "$0" --walk <"$logs/walks"

passed=$(grep -c PASS "$logs/results") failed=$(grep -c FAIL "$logs/results")
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
