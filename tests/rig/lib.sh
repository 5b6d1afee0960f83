# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the rig's scripts share: where things are, and how they talk.  Sourced,
# never run.  Everything made lives outside the clone, in two places:
#
#   RIG_CACHE  what depends only on this directory's recipe: Debian's tree, the
#              kernel, Xen.  Made by prepare.sh, slow, shared by all clones.
#   RIG_WORK   what depends on the clone: the cross build and the boot images.
#
# ARCH says which rig is meant, arm (the default) or x86.  What differs between
# the two is in ARCH/recipe.sh, nothing else asks which it is.
#
# Messages go to descriptor 3, the script's first stderr, also from inside a
# step whose output is being logged.

set -euo pipefail
exec 3>&2

RIG_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RIG_SRC=$(cd "$RIG_DIR/../.." && pwd)
RIG_CACHE=${RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xen-vblkd}
rig_clone=$(printf %s "$RIG_SRC" | sha256sum)
RIG_WORK=${RIG_WORK:-$RIG_CACHE/clone-${rig_clone:0:8}}

ARCH=${ARCH:-arm}
export -n ARCH	# a name that other people's Makefiles have a meaning for
RIG_PARTS=$RIG_CACHE/$ARCH
RIG_CC=$RIG_PARTS/bin/xcc
RIG_PKG_CONFIG=$RIG_PARTS/bin/pkg-config
RIG_BUILD=$RIG_WORK/$ARCH/build
RIG_STAGE=$RIG_WORK/$ARCH/stage
RIG_TOOLS=$RIG_WORK/$ARCH/tools
RIG_IMAGE=$RIG_WORK/$ARCH/image

say() {
	printf 'rig: [%3ss] %s\n' "$SECONDS" "$*" >&3
}

die() {
	printf 'rig: %s\n' "$*" >&3
	exit 1
}

# pause SECONDS: a sleep that is no process, because QEMU needs the processors.
pause() {
	[ -n "${rig_never:-}" ] || exec {rig_never}<> <(:)
	read -r -t "$1" -u "$rig_never" || true
}

# cache_lock -x|-s: one writer or many readers of the parts, until we exit.
cache_lock() {
	mkdir -p "$RIG_PARTS"
	exec 9>"$RIG_PARTS/lock"
	flock "$1" -n 9 && return
	say "waiting for another run to let go of $RIG_PARTS"
	flock "$1" 9
}

# A step that logs: the log's tail is shown if the script dies inside it.
rig_log=
log_to() {
	rig_log=$1
	mkdir -p "$(dirname "$1")"
	: >"$1"
}

log_end() {
	rig_log=
}

log_tail() {
	[ -n "$rig_log" ] || return 0
	{
		echo "rig: failed; the last lines of $rig_log:"
		tail -n 25 "$rig_log" | sed 's/^/    /'
	} >&3
}

need_cache() {
	local part

	for part in tree xen kernel stock; do
		[ -e "$RIG_PARTS/$part/." ] ||
			die "no $part in $RIG_PARTS: run $RIG_DIR/prepare.sh first"
	done
}

[ -e "$RIG_DIR/$ARCH/recipe.sh" ] || die "ARCH is arm or x86, not '$ARCH'"
# shellcheck source=arm/recipe.sh
. "$RIG_DIR/$ARCH/recipe.sh"
