#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gcc's static analyzer. It follows paths through a whole file: leaks, double
# frees, NULL, descriptors and memory that were never set. Where it is wrong and
# the code can't be put more plainly, the finding is excepted below, with the
# reason.

set -euo pipefail
src=$(cd "$(dirname "$0")/../.." && pwd)
cd "${LINT_BUILD:-$src}"
cc=${LINT_CC:-cc}

$cc -fanalyzer -fsyntax-only -x c /dev/null 2>/dev/null || {
	echo "$cc has no -fanalyzer"
	exit 77
}

# FILE WARNING  reason
exceptions=$(sed 's/^[[:space:]]*//; /^#/d; /^$/d' <<'X'
	backend/config.c malloc-leak   sections belong to the configuration, config_free() frees them
	backend/node.c use-of-uninitialized-value   node_get_number() sets the state, or returns an error
	tools/xen-vblk.c malloc-leak   cells belong to the table, table_print() frees them
	tests/guest/greq.c malloc-leak   the ring owns the copy, and frees it when it comes back
X
)

# A test that gets no memory, or whose own helper finds nothing, may die of it.
of_tests='-Wno-analyzer-possible-null-argument
-Wno-analyzer-possible-null-dereference
-Wno-analyzer-null-dereference'

flags=()
eval "flags=(${LINT_FLAGS:--std=gnu11 -O2 -D_GNU_SOURCE -iquote $src})"

# The shell that xargs starts gets the flags as its words; $0 is the file.
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
export cc of_tests log
# shellcheck disable=SC2016 # expanded by that shell
analyze() {
	find "$src"/backend "$src"/mapcache "$src"/xen "$src"/tools "$src"/tests \
		-name '*.c' | sort |
		xargs -P "$(nproc)" -I '{}' bash -c '
			more=
			[[ $0 != */tests/* ]] || more=$of_tests
			"$cc" "$@" -Wno-error $more -fanalyzer -c -o /dev/null "$0" \
				2>&1 | sed "s|^cc1: |$0:|" >"$log/${0//\//_}"
			' '{}' "${flags[@]}"
}

analyze

# "FILE WARNING", a line each
found=$(sed -n "s|^$src/||
	s|^\([^: ]*\.[ch]\):.*\[-Wanalyzer-\([a-z-]*\)\]\$|\1 \2|p" "$log"/* |
	sort -u)

bad=0
while read -r file warning reason; do
	[ -n "$reason" ] || { echo "exception of $file: no reason"; bad=1; }
	grep -qx "$file $warning" <<<"$found" ||
		echo "note: $file: this compiler finds no $warning"
done <<<"$exceptions"
while read -r file warning; do
	[ -n "$file" ] || continue
	grep -q "^$file $warning " <<<"$exceptions" || bad=2
done <<<"$found"
[ $bad != 2 ] || cat "$log"/*
exit $bad
