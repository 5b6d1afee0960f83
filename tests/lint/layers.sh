#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The architecture, as far as it can be read off the include lines and the
# names of functions: who may look down on whom, and that every outside library
# has one owner.

set -euo pipefail
cd "$(dirname "$0")/../.."
cc=${LINT_CC:-cc}

# The files of backend/ that run a process and so may hold Xen handles. All
# others are parts: they can be tested without any Xen.
worker='device|disks|orders|queue|startup|transport|transport_mmio|transport_pci|worker'
manager='channel|decline|dialog|disk|guest|manager|minder|node|report|scan|xen-vblk-dm|xen-vblkd'
processes="backend/($worker|$manager)\.[ch]"

bad=0

complain() {
	echo "$1: $2"
	bad=1
}

sources() {
	find backend mapcache xen tools -name '*.[ch]' | sort
}

code=$(mktemp -d)
trap 'rm -rf "$code"' EXIT

# The same tree without comments, so that prose may name what code may not.
for f in $(sources); do
	mkdir -p "$code/${f%/*}"
	"$cc" -fpreprocessed -dD -E -P "$f" 2>/dev/null >"$code/$f"
done

# only FILES PATTERN WHY: PATTERN (extended) occurs in no file but FILES.
only() {
	local hit file

	while IFS= read -r hit; do
		file=${hit%%:*}
		[[ $file =~ ^($1)$ ]] || complain "$file" "${hit#*:} -- $3"
	done < <(cd "$code" && grep -rE "$2" . | sed 's|^\./||')
}

call() {
	echo "(^|[^_[:alnum:]>.\"])($1)[[:space:]]*\("
}

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'

# --- one owner per outside thing ------------------------------------------------

# mapshare is a guest and sees one header of Linux that is called <xen/...>.
only 'xen/.*|tools/mapshare\.c' "$include<(xen|xs)[^>]*>" \
	"libxen headers belong to xen/"
only 'xen/store\.c' "$include<(xenstore|xs)[^>]*>" "xenstore: xen/store.c"
only 'xen/domain\.c' "$include<(xenctrl|xenguest)[^>]*>" \
	"no stable ABI: xen/domain.c"
only 'backend/aio\.c' "$include<(liburing|linux/io_uring)[^>]*>" \
	"io_uring: backend/aio.c"
only 'backend/config\.c' "$include<ini\.h>" "inih: backend/config.c"
only 'backend/(qmp|report)\.c|tools/(check|xen-vblk)\.c' "$include<(json-c/)?json[^>]*>" \
	"JSON: what is said to libxl, what the control socket answers, its client"
only 'tools/.*' "$include<pthread\.h>" "our processes have one thread"

only 'backend/isolate\.c' \
	"$include<(sys/(prctl|capability|mount)|linux/(seccomp|filter|audit|landlock|capability|prctl|mount))\.h>" \
	"isolation: backend/isolate.c"
only 'backend/isolate\.c' "$(call \
	'prctl|seccomp|unshare|setns|chroot|pivot_root|mount|umount2?|capset|setgroups|set(res|re|e)?[ug]id')" \
	"isolation: backend/isolate.c"
only 'backend/spawn\.c' "$(call \
	'v?fork|clone3?|exec(l|lp|le|v|vp|ve|vpe|veat)|fexecve|posix_spawnp?|system|popen|daemon')" \
	"processes: backend/spawn.c"

# --- who looks down on whom -----------------------------------------------------

# may FILES PATTERN: what FILES include in quotes matches PATTERN.
may() {
	local file line name

	while IFS=: read -r file line; do
		[[ $file =~ ^($1)$ ]] || continue
		name=${line#*\"} name=${name%%\"*}
		[[ $name =~ ^($2)$ ]] ||
			complain "$file" "#include \"$name\" -- looks up, or aside"
	done < <(cd "$code" && grep -rE "$include\"" . | sed 's|^\./||')
}

may 'xen/.*' 'xen/.*'
may 'mapcache/.*' '(mapcache|xen)/.*'
may 'backend/.*' '(backend|mapcache|xen)/.*|config-host\.h'
may 'tools/.*' '(tools|backend|mapcache|xen)/.*|config-host\.h'

# Parts do not see xen/, not even through somebody else's header.
for f in backend/*.[ch]; do
	[[ ! $f =~ ^$processes$ ]] || continue
	deps=$("$cc" -D_GNU_SOURCE -MM -MG -iquote . "$f" | tr -d '\\\n')
	for d in $deps; do
		case $d in
		xen/*) complain "$f" "sees $d -- a part of backend/ needs no Xen" ;;
		esac
		if [[ $d =~ ^$processes$ ]]; then
			complain "$f" "sees $d -- parts do not know processes"
		fi
	done
done

[ $bad = 0 ] && echo "layers: fine"
exit $bad
