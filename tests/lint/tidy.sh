#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# clang-tidy. Which checks, and why not the others, is in .clang-tidy.

set -euo pipefail
src=$(cd "$(dirname "$0")/../.." && pwd)
cd "${LINT_BUILD:-$src}"

command -v clang-tidy >/dev/null || {
	echo "no clang-tidy"
	exit 77
}

# clang's own warnings are gcc's business here; its flags are not all gcc's.
read -ra words <<<"${LINT_FLAGS:--std=gnu11 -D_GNU_SOURCE -iquote $src}"
flags=()
for w in "${words[@]}"; do
	case $w in
	-W* | -f* | -m* | -O* | -U_FORTIFY* | -D_FORTIFY*) ;;
	*) flags+=("${w//\'/}") ;;
	esac
done

find "$src"/backend "$src"/mapcache "$src"/xen "$src"/tools -name '*.c' |
	sort | xargs -P "$(nproc)" -I '{}' clang-tidy --quiet \
		--config-file="$src/.clang-tidy" '{}' -- "${flags[@]}" 2>/dev/null
