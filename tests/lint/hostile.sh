#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tests/hostile/README.md against the tree: each mistake has its row, in order;
# each row names tests that exist, or says why there is none; each lie is in a
# row, is called like its file, and is short.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=named.sh
. tests/lint/named.sh
doc=tests/hostile/README.md
bad=0

# Places, and how many mistakes were made there.
places='F:4 R:16 L:13 M:17 B:11'
longest=80

complain() {
	echo "$1: ${*:2}"
	bad=1
}

# named TEXT: the tests among its words in backquotes, in $names
named() {
	local rest=$1

	names=()
	while [[ $rest =~ \`([a-z_]*:[a-z0-9_-]*)\`(.*) ]]; do
		names+=("${BASH_REMATCH[1]}")
		rest=${BASH_REMATCH[2]}
	done
}

check_row() {
	local row=$1 tests=$2 word names

	named "$tests"
	case $tests in
	'not offered: '*)
		word=$(names_offered "${tests#*: }")
		[ -z "$word" ] || complain $doc "$row: $word is in backend/"
		return
		;;
	'does not apply: '*) ;;
	*) [ ${#names[@]} != 0 ] || complain $doc "$row: no test" ;;
	esac
	for word in ${names[@]+"${names[@]}"}; do
		test_exists "${word%%:*}" "${word#*:}" ||
			complain $doc "$row: there is no test $word"
	done
}

rows=$(sed -n 's/^| \([A-Z] [0-9]*\) | .* | .* | \([^|]*\) |$/\1|\2/p' $doc)
while IFS='|' read -r row tests; do
	check_row "$row" "$tests"
done <<<"$rows"

want=$(for p in $places; do
	seq -f "${p%:*} %g" "${p#*:}"
done)
cut -d'|' -f1 <<<"$rows" | diff -u --label "mistakes that were made" \
	--label "rows that are" <(echo "$want") - || bad=1

table=$(<$doc)
for f in tests/hostile/lies/*.c; do
	name=${f##*/} name=${name%.c}
	text=$(<"$f")
	[[ $text =~ (^|$'\n')"LIE($name"[,\)] ]] ||
		complain "$f" "has no LIE($name)"
	[[ $table =~ $'\n'"| "[^$'\n']*"\`hostile:$name\`" ]] ||
		complain "$f" "is in no row of $doc"
	lines=${text//[!$'\n']/}
	[ $((${#lines} + 1)) -le $longest ] ||
		complain "$f" "is longer than $longest lines"
done
exit $bad
