#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Cross-builds the product and the guest's tools, outside the source tree, and
# installs the product where pack.sh looks for it.  Only what changed is built.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<U
usage: build.sh [--clean] [--tools] [CONFIGURE-OPTION...]

Builds $RIG_SRC for $rig_debian
in     $RIG_BUILD
and installs it in
       $RIG_STAGE
--clean forgets the previous build; --tools builds only the guest's tools.
Options for configure are remembered with the build: others mean a new build.
U
}

tools() {
	local t sources

	mkdir -p "$RIG_TOOLS"
	for t in vblk-load mapshare; do
		sources=("$RIG_SRC/tools/$t.c")
		[ $t != vblk-load ] || sources+=("$RIG_SRC"/tools/load*.c)
		if [ -e "$RIG_TOOLS/$t" ] &&
			[ -z "$(find "${sources[@]}" "$RIG_SRC"/tools/*.h \
				-newer "$RIG_TOOLS/$t")" ]; then
			continue
		fi
		"$RIG_CC" -std=gnu11 -O2 -g -Wall -Wextra -static -pthread \
			-iquote "$RIG_SRC" -o "$RIG_TOOLS/$t" "${sources[@]}"
	done
}

product() {
	local mk=(make -C "$RIG_BUILD" -j"$(nproc)")
	local options=(--prefix=/usr "--cc=$RIG_CC"
		"--pkg-config=$RIG_PKG_CONFIG" --enable-werror "$@")
	local want

	want=$(printf '%s\n' "${options[@]}" && cat "$RIG_SRC/configure" &&
		readlink "$RIG_PARTS/tree")
	if [ "$want" != "$(cat "$RIG_BUILD/.configured" 2>/dev/null)" ]; then
		say "configuring"
		rm -rf "$RIG_BUILD"
		mkdir -p "$RIG_BUILD"
		(cd "$RIG_BUILD" && "$RIG_SRC/configure" "${options[@]}")
		printf '%s\n' "$want" >"$RIG_BUILD/.configured"
	fi
	"${mk[@]}"
	rm -rf "$RIG_STAGE.new"
	"${mk[@]}" install "DESTDIR=$RIG_STAGE.new"
	rm -rf "$RIG_STAGE"
	mv "$RIG_STAGE.new" "$RIG_STAGE"
}

# logged STEP ARG...: its output goes to a log, the end of it to us if it fails
logged() {
	log_to "$RIG_WORK/$ARCH/$1.log"
	say "$1: log in $rig_log"
	"$@" </dev/null >"$rig_log" 2>&1
	log_end
}

only_tools=
while :; do
	case ${1:-} in
	-h | --help)
		usage
		exit 0
		;;
	--clean) rm -rf "$RIG_BUILD" "$RIG_STAGE" "$RIG_TOOLS" ;;
	--tools) only_tools=1 ;;
	*) break ;;
	esac
	shift
done

need_cache
cache_lock -s
mkdir -p "$RIG_WORK/$ARCH"
printf '%s\n' "$RIG_SRC" >"$RIG_WORK/source"
trap log_tail EXIT
logged tools
[ -n "$only_tools" ] || logged product "$@"
say "built${only_tools:+ only the tools}"
