#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Which lines and branches of backend/, mapcache/ and xen/ the unit tests, the
# corpora of the fuzzers and the simulation run. Builds with gcov's counters in a
# directory of its own, runs them there, and prints what they ran, file by file,
# and what they did not, with the reasons of tests/coverage.reasons.

set -euo pipefail
src=$(cd "$(dirname "$0")/.." && pwd)

usage() {
	cat <<U
usage: coverage.sh [-r] [DIRECTORY]

Builds and runs in DIRECTORY (default: build-coverage).
-r  only reports what was counted there last, with the reasons as they are now

Exit status 0 if all tests passed, each line that was not run has a reason, and
each reason is one for such a line.
U
}

report_only=
while getopts rh opt; do
	case $opt in
	r) report_only=1 ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
dir=${1:-build-coverage}

for tool in gcov jq; do
	command -v $tool >/dev/null || {
		echo "coverage: no $tool (Debian: gcc, jq)"
		exit 77
	}
done
mkdir -p "$dir"
cd "$dir"
dir=$PWD

build() {
	[ -e config-host.mak ] ||
		"$src/configure" --cc=gcc --enable-coverage >configure.out || {
		cat configure.out
		return 1
	}
	make -j"$(nproc)" --no-print-directory counted
}

# A worker is a user of its own, who may not come here, but has to add to what
# others have counted: to files that are there before, where and as anybody may.
# shellcheck disable=SC2317 # a trap calls it
run() {
	local counts status=0

	counts=$(mktemp -d)
	# shellcheck disable=SC2064 # what it is now: nobody knows it at the end
	trap "rm -rf '$counts'" EXIT
	chmod 755 "$counts"
	find . -name '*.gcda' -delete
	find "$dir" -name '*.gcno' | sed 's|^/||; s/gcno$/gcda/' >objects
	sed 's|/[^/]*$||' objects | sort -u | (cd "$counts" && xargs mkdir -p)
	(cd "$counts" && xargs touch && find . -name '*.gcda' -exec chmod 666 {} +
	) <objects
	GCOV_PREFIX=$counts make --no-print-directory run-counted || status=1
	find "$counts" -name '*.gcda' -empty -delete
	cp -r "$counts$dir/." .
	return $status
}

# FILE LINE FUNCTION COUNT BRANCHES: the branches' counts, with commas
counts() {
	find . -name '*.gcno' -print0 | sort -z |
		xargs -0 gcov -b --json-format --stdout 2>gcov.out |
		jq -r --arg src "$src/" '
			.files[] | (.file | ltrimstr($src) |
				sub("^(\\.\\./)+"; "")) as $file |
			select($file | test("^(backend|mapcache|xen)/")) |
			.lines[] | [$file, .line_number, .function_name // "-",
				.count, ([.branches[].count | tostring] |
					join(","))] | @tsv' |
		sort -t "$(printf '\t')" -k 1,1 -k 2,2n
}

status=0
if [ -z "$report_only" ]; then
	build
	run || status=1
	echo
fi
counts >counted
[ -s counted ] || {
	cat gcov.out
	echo "coverage: nothing was counted in $dir"
	exit 1
}
awk -f "$src/tests/coverage.awk" -v src="$src" -v branches=branches \
	"$src/tests/coverage.reasons" counted || status=1
[ $status = 0 ] || echo "coverage: see above"
exit $status
