#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs tests and counts them. A test is a program that says with its exit status
# how it went: 0 it passed, 77 it cannot run here (its last line says why),
# anything else it failed. A suite is a program that runs tests itself, shows
# its own progress and ends with the same line as this script does; its numbers
# are added to ours.

set -uo pipefail

usage() {
	cat <<U
usage: check.sh [-t SECONDS] [-s SUITE]... [TEST]...

-t SECONDS  how long one test may take (default 300); suites watch themselves
-s SUITE    a suite, run after the tests (the shell splits it into words)

The last line is "N passed, N failed, N skipped". Exit status 0 if none failed.
U
}

limit=300
suites=()
while getopts t:s:h opt; do
	case $opt in
	t) limit=$OPTARG ;;
	s) suites+=("$OPTARG") ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $(($# + ${#suites[@]})) = 0 ]; then
	usage >&2
	exit 2
fi

passed=0 failed=0 skipped=0
failures=()
logs=$(mktemp -d) || exit 2
trap 'rm -rf "$logs"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

seconds_since() {
	local t=$((${EPOCHREALTIME/[.,]/} - $1))

	printf '%d.%02ds' $((t / 1000000)) $((t % 1000000 / 10000))
}

line() {
	printf '  %-7s %-44s %8s%s\n' "$@"
}

run_test() {
	local name=${1##*/tests/} log start status

	name=${name#tests/}
	[ -x "$1" ] || name="$name (no such program)"
	log=$logs/${name//\//_}
	start=${EPOCHREALTIME/[.,]/}
	# The shell's own words about a crash are not wanted, hence the braces.
	{ timeout -k 5 "$limit" "$1" >"$log" 2>&1 </dev/null; } 2>/dev/null
	status=$?
	case $status in
	0)
		passed=$((passed + 1))
		line PASS "$name" "$(seconds_since "$start")" ""
		;;
	77)
		skipped=$((skipped + 1))
		line SKIP "$name" "$(seconds_since "$start")" \
			"  $(tail -n 1 "$log")"
		;;
	*)
		failed=$((failed + 1))
		failures+=("$name")
		[ $status != 124 ] || echo "no end after $limit s" >>"$log"
		[ $status -lt 128 ] ||
			echo "killed by signal $((status - 128))" >>"$log"
		line FAIL "$name" "$(seconds_since "$start")" ""
		;;
	esac
}

summary='^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'

# Everything but the suite's last line is shown at once.
run_suite() {
	local log=$logs/suite words counts status p f s name

	read -ra words <<<"$1"
	"${words[@]}" 2>&1 </dev/null | tee "$log" |
		grep --line-buffered -vE "$summary"
	status=${PIPESTATUS[0]}
	counts=$(grep -E "$summary" "$log" | tail -n 1)
	name=${words[0]##*/tests/}
	read -r p f s <<<"${counts//[!0-9 ]/}"
	p=${p:-0} f=${f:-0} s=${s:-0}
	if [ -z "$counts" ] && [ "$status" = 77 ]; then
		s=1
	elif [ "$status" != 0 ] && [ "$f" = 0 ]; then
		printf '  FAIL    %s: exit status %d\n' "$name" "$status"
		f=1
	elif [ -z "$counts" ]; then
		printf '  FAIL    %s: does not say what passed\n' "$name"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

for t; do
	run_test "$t"
done
for t in ${suites[@]+"${suites[@]}"}; do
	run_suite "$t"
done

for name in ${failures[@]+"${failures[@]}"}; do
	printf '\n--- %s failed; the end of what it said:\n' "$name"
	tail -n 100 "$logs/${name//\//_}"
done
printf '\n%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ]
