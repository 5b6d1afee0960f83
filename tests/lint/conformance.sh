#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# docs/conformance.md against the tree: each clause has its row, in order; each
# row names a test that exists and is run, or a feature that is not offered.

set -euo pipefail
cd "$(dirname "$0")/../.."
doc=docs/conformance.md
bad=0

# Families of clauses, and how many there are.
families='G:20 M:25 P:20 S:15 I:6 E:12 B:35 X:9'

complain() {
	echo "$doc: $*"
	bad=1
}

# Is there such a test, and does something run it?
exists() {
	local kind=$1 name=$2

	case $kind in
	test_*)
		grep -q "^static void $name(void \*\*" "tests/unit/$kind.c" &&
			grep -Eq "^[[:space:]].*\($name\)," "tests/unit/$kind.c"
		;;
	scenario) [ -e "tests/e2e/scenarios/$name.sh" ] ;;
	hostile) [ -e "tests/hostile/$name.c" ] ;;
	prove) [ -e "tests/prove/prove_$name.c" ] ;;
	broken) [ -e "tests/broken/$name.patch" ] ;;
	*) false ;;
	esac 2>/dev/null
}

check_row() {
	local clause=$1 tests=$2 word

	case $tests in
	'not offered: '*)
		for word in $(tr -d '`' <<<"${tests#*: }"); do
			! grep -rqw "$word" backend ||
				complain "$clause: $word is named in backend/"
		done
		return
		;;
	esac
	[ -n "$tests" ] || complain "$clause: no test"
	for word in $(tr -d '`' <<<"$tests"); do
		exists "${word%%:*}" "${word#*:}" ||
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
