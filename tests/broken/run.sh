#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of the tests. Each NAME.patch here breaks the product in a way that
# somebody once did, or easily could, and names the tests that have to notice
# ("Caught by:", one a line). It is applied to a copy of the tree, each test is
# built and run, and it must fail. The same test must pass in the copy without the patch.
# The product has no test switches.

set -euo pipefail
# What this make was told is not meant for those of the copies.
unset MAKEFLAGS MFLAGS MAKELEVEL

src=$(cd "$(dirname "$0")/../.." && pwd)

usage() {
	cat <<U
usage: run.sh [-j JOBS] [NAME]...

-j JOBS  copies to work in at a time (default: processors)
NAME     NAME.patch (default: all)

Ends like check.sh does.
U
}

# Tests take less than two seconds of a processor; what takes eight is in an endless
# loop, and has noticed. What only waits has shown nothing: the machine may be busy.
spins=8 limit=300

jobs=$(nproc)
while getopts j:h opt; do
	case $opt in
	j) jobs=$OPTARG ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# = 0 ]; then
	cd "$src/tests/broken"
	set -- *.patch
fi
names=("${@%.patch}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

net_of() {
	sed -n 's/^# Caught by: *//p' "$src/tests/broken/$1.patch"
}

# What configure found and was told, but for what it does with warnings.
settings() {
	sed 's/ -Werror//' "$1/config-host.mak" 2>/dev/null
}

# copy_tree DIR: the sources, with a configuration of their own. Objects are
# taken along if they were made the same way; make knows which of them are old.
copy_tree() {
	local parts=(backend mapcache xen tests/{unit,fuzz,prove,sim,guest,hostile}
		tools)

	mkdir -p "$1"
	cd "$1"
	tar -C "$src" --exclude='*.[od]' -cf - "${parts[@]}" Makefile configure |
		tar -xf -
	./configure >/dev/null
	make -s clean	# programs that came along
	[ "$(settings "$src")" = "$(settings .)" ] || return 0
	touch -r "$src/config-host.mak" config-host.mak config-host.h
	(cd "$src" && find "${parts[@]}" -name '*.[od]' -print0) |
		tar -C "$src" --null -T - -cf - | tar -xf -
}

# What make has to build for a test, which may be a script with words of its own.
goals() {
	case $1 in
	tests/hostile/run.sh*) echo "all sim tests/hostile/hostile" ;;
	*) echo "$1" ;;
	esac
}

# What the test says of the copy: passes, fails (1), never ends, or is not even there.
readonly ENDLESS=98 UNMADE=99
try() {
	local net goals began

	read -ra net <<<"$1"
	read -ra goals <<<"$(goals "$1")"
	make -s "${goals[@]}" >make.log 2>&1 || return $UNMADE
	began=$SECONDS
	# The shell's own words about a crash are not wanted, hence the braces.
	{ (ulimit -t $spins && SIM_BUILD=$PWD exec timeout -k 1 $limit \
		"${net[@]}") >net.log 2>&1; } \
		2>/dev/null && return
	[ $((SECONDS - began)) -lt $limit ] || return $ENDLESS
	return 1
}

# What has changed since stamp is again as in the first copy, which nobody works
# in: sources, and what was made of them, with the times that they had. A worker of
# a test that failed may still run, and what runs can't be written to.
restore() {
	local file

	find . -newer stamp \( -type f -o -type l \) ! -name '*.log' -print |
		while IFS= read -r file; do
			if [ -e "$work/copy.0/$file" ]; then
				cp -a --remove-destination "$work/copy.0/$file" "$file"
			else
				rm -f "$file"
			fi
		done
}

say() {
	printf '  %-7s %-44s  %s\n' "$1" "broken/$2" "$3"
	echo "$1" >>"$work/results"
}

show() {
	tail -n 20 "$1" | sed 's/^/    /'
}

one() {
	local name=$1 patch=$src/tests/broken/$1.patch net status=0
	local caught_by

	mapfile -t caught_by < <(net_of "$name")
	if ! patch -s -p1 --dry-run -F0 <"$patch" >patch.log 2>&1; then
		say FAIL "$name" "the patch does not apply any more"
		show patch.log
		return
	fi
	: >stamp
	sleep 0.02 # a file's time is that of the last tick
	patch -s -p1 <"$patch"
	for net in "${caught_by[@]}"; do
		status=0
		try "$net" || status=$?
		[ $status = 1 ] || break
	done
	restore
	case $status in
	1) say PASS "$name" "${caught_by[*]}" ;;
	0) say FAIL "$name" "$net does not notice" ;;
	*) say_undecided $status "$name" ;;
	esac
}

# say_undecided STATUS ABOUT
say_undecided() {
	if [ "$1" = $UNMADE ]; then
		say FAIL "$2" "it does not compile"
		show make.log
	else
		say FAIL "$2" "no end after $limit s"
		show net.log
	fi
}

# unbroken NET: what fails anyway proves nothing
unbroken() {
	local status=0

	try "$1" || status=$?
	case $status in
	0) ;;
	1)
		say FAIL "${1#tests/}" "fails without any patch"
		show net.log
		;;
	*) say_undecided $status "${1#tests/}" ;;
	esac
}

# What is next on the list, for whichever copy asks first.
take() {
	{
		flock 8
		head -n 1 "$work/list"
		sed -i 1d "$work/list"
	} 8>"$work/lock"
}

# worker DIR: lines of the list, a word and what it is about, in a copy
worker() {
	local what about

	cd "$1"
	while read -r what about < <(take); do
		"$what" "$about"
	done
}

nets=()
while IFS= read -r net; do
	nets+=("$net")
done < <(for name in "${names[@]}"; do net_of "$name"; done | sort -u)

[ "$jobs" -le ${#names[@]} ] || jobs=${#names[@]}
echo "  broken: ${#names[@]} patches, ${#nets[@]} tests that must notice"
touch "$work/results"
(copy_tree "$work/copy.0")
read -ra all <<<"$(for net in "${nets[@]}"; do goals "$net"; done | tr '\n' ' ')"
(cd "$work/copy.0" && make -s -j"$jobs" "${all[@]}") >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
for ((i = 1; i <= jobs; i++)); do
	cp -a "$work/copy.0" "$work/copy.$i"
done
{
	printf 'unbroken %s\n' "${nets[@]}"
	printf 'one %s\n' "${names[@]}"
} >"$work/list"
for ((i = 1; i <= jobs; i++)); do
	worker "$work/copy.$i" &
done
wait

passed=$(grep -c PASS "$work/results" || :)
failed=$(grep -c FAIL "$work/results" || :)
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" = ${#names[@]} ]
