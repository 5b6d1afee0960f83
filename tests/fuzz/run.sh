#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the fuzzers with libFuzzer and sanitizers, in a directory of their own
# below the build directory, and runs each for a while. It begins with the
# inputs in corpus/NAME; what it learns stays in build-fuzz/learned/NAME, so
# that the next run goes on from there. An input that breaks something is kept
# in build-fuzz/found.

set -euo pipefail

src=$(cd "$(dirname "$0")/../.." && pwd)
build=${FUZZ_BUILD:-$PWD}
fuzz=$build/build-fuzz

usage() {
	cat <<U
usage: run.sh [-s SECONDS | -a SECONDS] [-j JOBS] [NAME]...

-s SECONDS  for each fuzzer (default 60)
-a SECONDS  for all of them together
-j JOBS     fuzzers at a time (default: processors)
NAME        fuzz_NAME.c (default: all)

The build directory is \$FUZZ_BUILD, or else where you are; the fuzzers must
have been built there (make fuzzers). Ends like check.sh does.
U
}

each=60 all='' jobs=$(nproc)
while getopts s:a:j:h opt; do
	case $opt in
	s) each=$OPTARG ;;
	a) all=$OPTARG ;;
	j) jobs=$OPTARG ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
names=("$@")
if [ ${#names[@]} = 0 ]; then
	for f in "$src"/tests/fuzz/fuzz_*.c; do
		f=${f##*/fuzz_}
		names+=("${f%.c}")
	done
fi
[ -z "$all" ] || each=$(((all + ${#names[@]} - 1) / ${#names[@]}))

skip() {
	echo "$1"
	exit 77
}

command -v clang >/dev/null || skip "no clang here, so no libFuzzer"
echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
	clang -x c -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null ||
	skip "clang has no libFuzzer here (libclang-rt-14-dev)"

mkdir -p "$fuzz/found" "$fuzz/log"
cd "$fuzz"
if [ ! -e config-host.mak ] || [ "$src/configure" -nt config-host.mak ]; then
	"$src/configure" --cc=clang --enable-fuzz >/dev/null
fi
make --no-print-directory -j"$(nproc)" "${names[@]/#/tests/fuzz/fuzz_}" \
	>log/make 2>&1 || { cat log/make; exit 1; }

# corpora NAME: its own first. Who reads the stories of another begins with them.
corpora() {
	echo "$1"
	[ "$1" != process ] || echo worker
}

# The corpus is text, with comments; libFuzzer wants bytes.
decode() {
	local f corpus to

	rm -rf "seeds/$1"
	mkdir -p "seeds/$1" "learned/$1"
	for corpus in $(corpora "$1"); do
		for f in "$src/tests/fuzz/corpus/$corpus"/*; do
			to=${f##*/}
			"$build/tests/fuzz/fuzz_$1" --decode "$f" \
				>"seeds/$1/$corpus-${to%.hex}"
		done
	done
}

# What is freed is watched, but not for so long that every page is a fresh one.
export ASAN_OPTIONS=quarantine_size_mb=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}

# patience NAME: how many seconds an input may take. A worker in a process of its
# own has to wait for processors, and its fuzzer says itself what is too long.
patience() {
	if [ "$1" = process ]; then
		echo 150
	else
		echo 20
	fi
}

fuzz_one() {
	local limit=$((each + 100 + $(patience "$1")))

	decode "$1"
	timeout -k 5 $limit "tests/fuzz/fuzz_$1" -max_total_time="$each" \
		-max_len=4096 -timeout="$(patience "$1")" -rss_limit_mb=2048 \
		-report_slow_units="$(patience "$1")" -print_final_stats=1 \
		-artifact_prefix="found/$1-" \
		"learned/$1" "seeds/$1" >"log/$1" 2>&1
}

# A finding, or a fuzzer that ended for another reason.
report() {
	printf '\n--- fuzz_%s failed; the end of what it said:\n' "$1"
	grep -vE '^#[0-9]+|^NEW_FUNC|recommended dictionary' "log/$1" | tail -n 60
	printf '\nOnce more:  cd %s && tests/fuzz/fuzz_%s FILE\n' "$fuzz" "$1"
	printf 'FILE is what the line "Test unit written to" names.\n'
}

passed=0 failed=0
declare -A pid

finish() {
	local status=0 runs word=PASS

	wait "${pid[$1]}" || status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "log/$1")
	if [ $status = 0 ] && [ "${runs:-0}" -gt 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		word=FAIL
	fi
	printf '  %-7s %-44s %8s  %s runs\n' "$word" "fuzz/$1" "${each}s" \
		"${runs:-no}"
	[ "$word" = PASS ] || report "$1"
}

first=0
for i in "${!names[@]}"; do
	if [ $((i - first)) -ge "$jobs" ]; then
		finish "${names[first]}"
		first=$((first + 1))
	fi
	fuzz_one "${names[i]}" &
	pid[${names[i]}]=$!
done
while [ $first -lt ${#names[@]} ]; do
	finish "${names[first]}"
	first=$((first + 1))
done

printf '%d passed, %d failed, 0 skipped\n' $passed $failed
[ $failed = 0 ]
