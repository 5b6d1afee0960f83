#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# docs/conformance.md against the tree: each clause has its row, in order; each
# row names a test that exists and is run, or a feature that is not offered.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=named.sh
. tests/lint/named.sh
doc=docs/conformance.md
bad=0

# Families of clauses, and how many there are.
families='G:20 M:25 P:20 S:15 I:6 E:12 B:35 X:9'

complain() {
	echo "$doc: $*"
	bad=1
}

check_row() {
	local clause=$1 tests=$2 word

	case $tests in
	'not offered: '*)
		word=$(names_offered "${tests#*: }")
		[ -z "$word" ] || complain "$clause: $word is named in backend/"
		return
		;;
	esac
	[ -n "$tests" ] || complain "$clause: no test"
	for word in ${tests//\`/}; do
		test_exists "${word%%:*}" "${word#*:}" ||
			complain "$clause: there is no test $word"
	done
}

rows=$(sed -n 's/^| \(C-[A-Z] [0-9]*\) | \(must\|should\|may\|text\|driver\) | .* | \([^|]*\) |$/\1|\3/p' "$doc")
while IFS='|' read -r clause tests; do
	check_row "$clause" "$tests"
done <<<"$rows"

want=$(for f in $families; do
	seq -f "C-${f%:*} %g" "${f#*:}"
done)
cut -d'|' -f1 <<<"$rows" | diff -u --label "clauses that are" \
	--label "rows that are" <(echo "$want") - || bad=1
exit $bad
