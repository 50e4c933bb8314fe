#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds kernels and asks of each what a table is made of: do the models agree with its own unwinder, what do its tables
# say, and how does it meet what is asked of reliable stack traces. A full build takes ten minutes of two idle CPUs.
#
#   tools/test-kernels.sh compilers [COMPILER...]   Debian's newest source with every compiler, or those named
#   tools/test-kernels.sh configs [FRAGMENT...]     in every configuration that comes along; what needs clang is built by it
#   tools/test-kernels.sh kernels NAME...           kernels that are in the cache
#
# The exit status is 1 if a kernel can't be built or swept, or its own unwinder and the nearest model differ anywhere.
set -u

cd "$(dirname "$0")/.."
run=${STACKSWEEP-bin/stacksweep}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
table=

# look NAME: NAME is a kernel that was built.
look() {
	name=$1
	image=$("$run" kernel info "$name" | sed -n 's/^image  *//p')
	printf '\n## %s\n\n' "$name"

	"$run" sweep -mode all -agree auto,image "kernel/$name" >"$scratch/agree"
	[ $? = 0 ] || failed=1
	agree=$(sed -n 's/^\(.*\) is nearest to image.*: it differs at \(.*\)$/\1: \2/p' "$scratch/agree")
	echo "The model that is nearest to its own unwinder, and at how many points they differ: ${agree:-none was found}"
	sed -n '/is nearest to/,$p' "$scratch/agree" | sed 1d

	# Status 1 says that rows are wrong, which is what is asked.
	"$run" check "$image" >"$scratch/check" 2>&1
	[ $? -le 1 ] || failed=1
	rows=$(sed -n 's/.* FDEs: \(.*\) (in .*/\1/p' "$scratch/check" | head -n 1)
	printf '\nIts tables against the code: %s\n\n' "${rows:-none were found}"
	sed -n 's/^\([^ ][^ ]*+0x[0-9a-f]*\.\.[^:]*\): .*/- \1/p' "$scratch/check" >"$scratch/wrong"
	head -n 20 "$scratch/wrong"
	more=$(($(wc -l <"$scratch/wrong") - 20))
	[ $more -le 0 ] || echo "- and $more more functions"

	echo
	"$run" conform -format markdown "$name" >"$scratch/conform"
	conform=$?
	[ $conform -le 1 ] || failed=1 # 1: unsound somewhere, which the table says
	cat "$scratch/conform"
	sound='unsound somewhere'
	[ $conform != 0 ] || sound='no section is unsound'
	table="$table| \`$name\` | $agree | $rows | $sound |
"
}

# build FLAGS...: builds one kernel and looks at it.
build() {
	if name=$("$run" kernel build "$@" | sed -n '2s/ .*//p') && [ -n "$name" ]; then
		look "$name"
	else
		printf '\n## kernel build %s: failed\n' "$*"
		table="$table| \`kernel build $*\` | failed | | |
"
		failed=1
	fi
}

what=${1-}
[ $# = 0 ] || shift
case $what in
compilers)
	[ $# != 0 ] || set -- gcc-12 gcc-13 gcc-14 gcc-15 gcc-current clang
	for compiler; do
		build -compiler "$compiler"
	done
	;;
configs)
	[ $# != 0 ] || set -- preempt preempt-dynamic boot scs no-pac va52 pages16k fgraph pseudo-nmi os scs-dynamic cfi gki
	for config; do
		case $config in
		scs-dynamic | cfi | gki) build -compiler clang -config-fragment "$config" ;;
		*) build -compiler gcc-12 -config-fragment "$config" ;;
		esac
	done
	;;
kernels)
	for name; do
		look "$name"
	done
	;;
*)
	sed -n 's/^#   //p' "$0" >&2
	exit 2
	;;
esac

printf '\n| kernel | nearest model: differences | rows of its tables | conformance |\n|---|---|---|---|\n%s' "$table"
exit $failed
