#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs tests, one more at once than there are processors, and counts them. A test
# is a program that says with its exit status how it went: 0 it passed, 77 it
# cannot run here (its last line says why), anything else it failed. It has
# files and processes of its own, and waits for things to happen, not for time
# to pass, so that its neighbours do not matter to it. A suite is a program that
# runs tests itself, shows its own progress and ends with the same line as this
# script does; its numbers are added to ours. Suites run one after the other, but
# for those that can do with what another leaves of the processors.

set -uo pipefail

usage() {
	cat <<U
usage: check.sh [-j JOBS] [-t SECONDS] [-s SUITE]... [-b SUITE]... [TEST]...

-j JOBS     tests at a time (default: processors and one, because some wait);
            suites have their own way
-t SECONDS  how long one test may take (default 300); suites watch themselves
-s SUITE    a suite, run after the tests (the shell splits it into words)
-b SUITE    a suite that only computes, and can wait: run beside the last two
            -s, with what those leave of the processors

A test's line comes when it has ended. What failed is shown again at the end,
in the order of the arguments, with its output. The last line is
"N passed, N failed, N skipped". Exit status 0 if none failed.
U
}

jobs=$(($(nproc) + 1)) limit=300
suites=() beside=()
while getopts b:j:t:s:h opt; do
	case $opt in
	j) jobs=$OPTARG ;;
	t) limit=$OPTARG ;;
	b) beside+=("$OPTARG") ;;
	s) suites+=("$OPTARG") ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $(($# + ${#suites[@]} + ${#beside[@]})) = 0 ] || ! [ "$jobs" -gt 0 ]; then
	usage >&2
	exit 2
fi

# Messages are compared, and each process that is started would load a locale.
export LC_ALL=C
group=
logs=$(mktemp -d) || exit 2

# shellcheck disable=SC2317 # traps call it
stop() {
	trap - EXIT INT TERM
	[ -z "$group" ] || kill -- "-$group" 2>/dev/null
	# shellcheck disable=SC2046 # a list of numbers
	kill $(jobs -p) 2>/dev/null
	wait
	rm -rf "$logs"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# since START: sets seconds
since() {
	local t=$((${EPOCHREALTIME/[.,]/} - $1))

	printf -v seconds '%d.%02ds' $((t / 1000000)) $((t % 1000000 / 10000))
}

# line RESULT NAME TIME REMARK: shown at once, and kept to be counted
line() {
	printf '  %-7s %-44s %8s%s\n' "$@"
	echo "$1" >>"$logs/results"
}

# names_of TEST: sets name, as its line calls it, and log
names_of() {
	name=${1##*/tests/} name=${name#tests/}
	log=$logs/log.${name//\//_}
}

# run_test TEST: in a process of its own
run_test() {
	local name log start status program seconds

	names_of "$1"
	[ -x "$1" ] || name="$name (no such program)"
	start=${EPOCHREALTIME/[.,]/}
	timeout -k 5 "$limit" "$1" >"$log" 2>&1 </dev/null &
	program=$!
	# Who ends us ends the test with all that it has started.
	trap 'kill $program; wait $program; exit 143' TERM
	# The shell's own words about a crash are not wanted.
	wait $program 2>/dev/null
	status=$?
	since "$start"
	case $status in
	0) line PASS "$name" "$seconds" "" ;;
	77) line SKIP "$name" "$seconds" "  $(tail -n 1 "$log")" ;;
	*)
		[ $status != 124 ] || echo "no end after $limit s" >>"$log"
		[ $status -lt 128 ] ||
			echo "killed by signal $((status - 128))" >>"$log"
		: >"$log.failed"
		line FAIL "$name" "$seconds" ""
		;;
	esac
}

run_tests() {
	local t running=0

	for t; do
		if [ $running = "$jobs" ]; then
			wait -n
			running=$((running - 1))
		fi
		run_test "$t" &
		running=$((running + 1))
	done
	wait
}

count() {
	grep -cx "$1" "$logs/results"
}

summary='^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'

# run_suite SUITE: everything but its last line is shown at once; that goes to
# $logs/suites as "PASSED FAILED SKIPPED".
run_suite() {
	local log words counts status p f s name

	log=$(mktemp -p "$logs")
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
	echo "$p $f $s" >>"$logs/suites"
}

run_beside() {
	local s

	renice -n 5 -p $BASHPID >/dev/null 2>&1
	for s; do
		run_suite "$s"
	done
}

run_suites() {
	local s

	while [ $# -gt 2 ]; do
		run_suite "$1"
		shift
	done
	# A process group, which ends as one.
	set -m
	run_beside ${beside[@]+"${beside[@]}"} &
	group=$!
	set +m
	for s; do
		run_suite "$s"
	done
	wait
}

: >"$logs/results"
: >"$logs/suites"
run_tests "$@"
passed=$(count PASS) failed=$(count FAIL) skipped=$(count SKIP)
# A test without a result is one, too: its runner was killed.
lost=$(($# - passed - failed - skipped))
if [ $lost != 0 ]; then
	echo "  FAIL    $lost tests did not say how they went"
	failed=$((failed + lost))
fi
run_suites ${suites[@]+"${suites[@]}"}
while read -r p f s; do
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done <"$logs/suites"
# So is one of a suite that was killed.
lost=$((${#suites[@]} + ${#beside[@]} - $(wc -l <"$logs/suites")))
if [ $lost != 0 ]; then
	echo "  FAIL    $lost suites did not say how they went"
	failed=$((failed + lost))
fi

for t; do
	names_of "$t"
	[ -e "$log.failed" ] || continue
	printf '\n--- %s failed; the end of what it said:\n' "$name"
	tail -n 100 "$log"
done
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
