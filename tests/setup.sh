#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs the Debian packages that a target needs, after saying which. Does
# nothing when all are there. What the rig of real Xen needs is its own affair,
# see rig/prepare.sh.

set -euo pipefail

build=(
	binutils
	ccache
	gcc
	libc6-dev
	libcmocka-dev
	libinih-dev
	libjson-c-dev
	liburing-dev
	libxen-dev
	linux-libc-dev
	make
	patch
	pkg-config
	procps
)
coverage=(
	jq
)
fuzz=(
	clang
	libclang-rt-14-dev
)
lint=(
	clang-tidy
	codespell
	cppcheck
	mandoc
	shellcheck
)

usage() {
	cat <<U
usage: setup.sh [build] [coverage] [fuzz] [lint]

build     compiler and libraries for the programs and the unit tests
coverage  what reads the counters of 'make coverage'
fuzz      the compiler that has libFuzzer
lint      what 'make lint' asks for its opinion
U
}

case " $* " in
*" -h "* | *" --help "*) usage && exit 0 ;;
esac

wanted=()
for set in "${@:-build}"; do
	case $set in
	build) wanted+=("${build[@]}") ;;
	coverage) wanted+=("${coverage[@]}") ;;
	fuzz) wanted+=("${fuzz[@]}") ;;
	lint) wanted+=("${lint[@]}") ;;
	*) usage >&2 && exit 2 ;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	echo "setup: not a Debian system, so nothing is installed here. Needed:"
	printf '  %s\n' "${wanted[@]}"
	exit 0
fi

missing=()
for p in "${wanted[@]}"; do
	# ${...} is dpkg-query's, not the shell's.
	# shellcheck disable=SC2016
	case " $(dpkg-query -W -f '${db:Status-Status} ' "$p" 2>/dev/null)" in
	*" installed "*) ;;
	*) missing+=("$p") ;;
	esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		if [ "${missing[*]}" = ccache ]; then
			echo "setup: without ccache, which only root can install, it takes longer"
			exit 0
		fi
		echo "setup: only root can do that: apt-get install ${missing[*]}" >&2
		exit 1
	fi
	as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"

apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" >&3
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
exec 3>"$log"
if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; } \
		2>&1; then
	cat "$log"
	echo "setup: apt-get failed, see above" >&2
	exit 1
fi
