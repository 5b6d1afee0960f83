#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Lets CBMC decide the proofs. Debian 13 has it and Debian 12 has not, so it is
# unpacked into the rig's cache, with the C library that it needs, and never
# installed.

set -euo pipefail
case ${1:-} in
-h | --help)
	cat <<U
usage: cbmc.sh [NAME]...

NAME       prove_NAME.c (default: all)
RIG_CACHE  where CBMC is unpacked, 150 MB (default ~/.cache/xen-vblkd)

Ends like check.sh does; with 77 where CBMC can't be had.
U
	exit 0
	;;
esac

packages=(cbmc libc6 libgcc-s1 libstdc++6 minisat zlib1g)
names=("$@")

skip() {
	echo "$1"
	exit 77
}

[ "$(uname -m)" = x86_64 ] || skip "CBMC is unpacked for amd64 only"
command -v apt-get >/dev/null || skip "CBMC comes from a Debian archive"

# The x86 rig's recipe has Debian's names for this machine.
ARCH=x86
# shellcheck source=../rig/lib.sh
. "$(dirname "$0")/../rig/lib.sh"
RIG_PARTS=$RIG_CACHE/prove
# shellcheck source=../rig/parts.sh
. "$RIG_DIR/parts.sh"

make_cbmc() {
	local d

	private_apt
	say "cbmc: downloading and unpacking ${#packages[@]} packages"
	apt-get download "${packages[@]}"
	for d in *.deb; do
		dpkg-deb -x "$d" .
	done
	rm ./*.deb
}

# Not as a condition: there, no step of it that fails would end it, and the
# cache would keep whatever there is.
set +e
(
	set -e
	cache_lock -x
	part cbmc "${packages[@]}"
)
got=$?
set -e
if [ $got != 0 ]; then
	tail -n 5 "$RIG_PARTS/log/cbmc.log"
	skip "no CBMC: $suite's packages can't be had, see above"
fi
root=$RIG_PARTS/cbmc
cbmc=("$root/usr/lib64/ld-linux-x86-64.so.2" --library-path
	"$root/usr/lib/x86_64-linux-gnu:$root/usr/lib" "$root/usr/bin/cbmc")

cd "$RIG_SRC"
if [ ${#names[@]} = 0 ]; then
	for f in tests/prove/prove_*.c; do
		f=${f##*/prove_}
		names+=("${f%.c}")
	done
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# All claims hold, but for the one that can't.
proved() {
	grep -q 'the end is reached: FAILURE$' "$out" &&
		grep -q '^\*\* 1 of [0-9]* failed' "$out"
}

passed=0 failed=0
for name in "${names[@]}"; do
	file=tests/prove/prove_$name.c
	read -ra words < <(sed -n 's/^ \* cbmc:/--function prove_and_end/p' "$file")
	started=$SECONDS
	timeout -k 5 300 "${cbmc[@]}" -D_GNU_SOURCE -I . "$file" "${words[@]}" \
		--trace >"$out" 2>&1 || true
	word=PASS
	if proved; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		word=FAIL
	fi
	printf '  %-7s %-44s %7ss  %s claims\n' $word "prove/cbmc $name" \
		$((SECONDS - started)) \
		"$(sed -n 's/^\*\* [0-9]* of \([0-9]*\) failed.*/\1/p' "$out")"
	[ $word = PASS ] || grep -E 'FAILURE|rror|nondet' "$out" |
		grep -v 'the end is reached' | head -n 40 || true
done
printf '%d passed, %d failed, 0 skipped\n' $passed $failed
[ $failed = 0 ]
