# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by scripts that compare a document with the tests it names: KIND:NAME,
# as docs/conformance.md explains.

# test_exists KIND NAME: is there such a test, and does something run it?
test_exists() {
	local kind=$1 name=$2

	case $kind in
	test_*)
		grep -q "^static void $name(void \*\*" "tests/unit/$kind.c" &&
			grep -Eq "^[[:space:]].*\($name\)," "tests/unit/$kind.c"
		;;
	scenario) [ -e "tests/e2e/scenarios/$name.sh" ] ;;
	hostile) [ -e "tests/hostile/lies/$name.c" ] ;;
	prove) [ -e "tests/prove/prove_$name.c" ] ;;
	fuzz) [ -e "tests/fuzz/fuzz_$name.c" ] ;;
	broken) [ -e "tests/broken/$name.patch" ] ;;
	*) false ;;
	esac 2>/dev/null
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
