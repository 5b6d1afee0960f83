# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by scripts that compare a document with the tests it names: KIND:NAME,
# as docs/conformance.md explains.

# Unit tests, "FILE:NAME": those that are defined, and those that main() runs.
declare -A defined run
while IFS=: read -r file name; do
	name=${name#static void }
	defined[${file##*/}:${name%%(*}]=1
done < <(grep -o '^static void [a-z0-9_]*(void \*\*' tests/unit/test_*.c)
while IFS=: read -r file name; do
	run[${file##*/}:${name:1:-2}]=1
done < <(grep -Eo '\([a-z0-9_]+\),' tests/unit/test_*.c)

# test_exists KIND NAME: is there such a test, and does something run it?
test_exists() {
	local kind=$1 name=$2

	case $kind in
	test_*)
		[ -n "${defined[$kind.c:$name]:-}" ] &&
			[ -n "${run[$kind.c:$name]:-}" ]
		;;
	scenario) [ -e "tests/e2e/scenarios/$name.sh" ] ;;
	hostile) [ -e "tests/hostile/lies/$name.c" ] ;;
	prove) [ -e "tests/prove/prove_$name.c" ] ;;
	fuzz) [ -e "tests/fuzz/fuzz_$name.c" ] ;;
	broken) [ -e "tests/broken/$name.patch" ] ;;
	*) false ;;
	esac
}

# names_offered WORDS: the first of these features that backend/ knows.
names_offered() {
	local word

	for word in $(tr -d '`' <<<"$1"); do
		if grep -rqw "$word" backend; then
			echo "$word"
			return
		fi
	done
}
