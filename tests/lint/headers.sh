#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every header compiles alone, so that no file depends on the order in which it
# includes things.

set -euo pipefail
src=$(cd "$(dirname "$0")/../.." && pwd)
cd "${LINT_BUILD:-$src}"
bad=0

read -ra flags <<<"${LINT_FLAGS:--std=gnu11 -D_GNU_SOURCE -iquote $src}"
read -ra cc <<<"${LINT_CC:-cc}"

while IFS= read -r h; do
	"${cc[@]}" "${flags[@]//\'/}" -Werror -fsyntax-only -x c \
		-include "$h" /dev/null || bad=1
done < <(cd "$src" && find "$src"/backend "$src"/mapcache "$src"/xen \
	"$src"/tools "$src"/tests -name '*.h' | sort)
exit $bad
