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

rooms=(backend mapcache xen tools)
bad=0

complain() {
	echo "$1: $2"
	bad=1
}

# code FILE: without comments, so that prose may name what code may not
code() {
	"$cc" -fpreprocessed -dD -E -P "$1" 2>/dev/null
}

# only FILES PATTERN WHY: PATTERN (extended) occurs in no file but FILES.
only() {
	local hit file

	while IFS= read -r file; do
		[[ ! $file =~ ^($1)$ ]] || continue
		while IFS= read -r hit; do
			complain "$file" "$hit -- $3"
		done < <(code "$file" | grep -E "$2")
	done < <(grep -rlE --include='*.[ch]' "$2" "${rooms[@]}")
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

# "FILE NAME" for each include in quotes
edges=$(grep -rE --include='*.[ch]' "$include\"" "${rooms[@]}" |
	sed 's/^\([^:]*\):[^"]*"\([^"]*\)".*/\1 \2/')

# may FILES PATTERN: what FILES include in quotes matches PATTERN.
may() {
	local file name

	while read -r file name; do
		[[ $file =~ ^($1)$ ]] || continue
		[[ $name =~ ^($2)$ ]] ||
			complain "$file" "#include \"$name\" -- looks up, or aside"
	done <<<"$edges"
}

may 'xen/.*' 'xen/.*'
may 'mapcache/.*' '(mapcache|xen)/.*'
may 'backend/.*' '(backend|mapcache|xen)/.*|config-host\.h'
may 'tools/.*' '(tools|backend|mapcache|xen)/.*|config-host\.h'

# sees: "FILE NAME" for all that a file of backend/ includes, by way of others, too
sees() {
	awk '
	{ next_of[$1] = next_of[$1] " " $2 }
	function look(file, from,    list, k, count) {
		count = split(next_of[file], list)
		for (k = 1; k <= count; k++) {
			if ((from, list[k]) in seen)
				continue
			seen[from, list[k]] = 1
			print from, list[k]
			look(list[k], from)
		}
	}
	END {
		for (file in next_of)
			if (file ~ /^backend\//)
				look(file, file)
	}' <<<"$edges" | sort
}

# Parts do not see xen/, not even through somebody else's header.
while read -r file name; do
	[[ ! $file =~ ^$processes$ ]] || continue
	case $name in
	xen/*) complain "$file" "sees $name -- a part of backend/ needs no Xen" ;;
	esac
	if [[ $name =~ ^$processes$ ]]; then
		complain "$file" "sees $name -- parts do not know processes"
	fi
done < <(sees)

[ $bad = 0 ] && echo "layers: fine"
exit $bad
