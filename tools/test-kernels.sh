#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds kernels and asks of each what a table is made of: do the models agree with its own unwinder, what do its tables say,
# and how does it meet what is asked of reliable stack traces. A full build takes ten minutes of two idle CPUs.
#
#   tools/test-kernels.sh compilers   Debian's newest source with every compiler
#   tools/test-kernels.sh configs     with every configuration that comes along; those that need clang are built by it
set -u

cd "$(dirname "$0")/.."
run=bin/stacksweep
failed=0

# look NAME: NAME is a kernel that was built.
look() {
	name=$1
	image=$("$run" kernel info "$name" | sed -n 's/^image  *//p')
	echo
	echo "## $name"
	echo
	echo "Models and the kernel's own unwinder: $("$run" sweep -mode all -agree auto,image "kernel/$name" | tail -n 1)"
	echo "Tables against the code: $("$run" check "$image" 2>&1 | tail -n 1)"
	echo
	"$run" conform -format markdown "$name"
	[ $? -le 1 ] || failed=1 # 1: unsound somewhere, which the table says
}

# build FLAGS...: builds one kernel and looks at it.
build() {
	if name=$("$run" kernel build "$@" | sed -n '2s/ .*//p') && [ -n "$name" ]; then
		look "$name"
	else
		echo
		echo "## kernel build $*: failed"
		failed=1
	fi
}

case "${1-}" in
compilers)
	for compiler in gcc-12 gcc-13 gcc-14 gcc-15 gcc-current clang; do
		build -compiler "$compiler"
	done
	;;
configs)
	for config in preempt preempt-dynamic boot scs no-pac va52 pages16k fgraph pseudo-nmi os; do
		build -compiler gcc-12 -config-fragment "$config"
	done
	for config in scs-dynamic cfi gki; do
		build -compiler clang -config-fragment "$config"
	done
	;;
*)
	echo "usage: tools/test-kernels.sh compilers|configs" >&2
	exit 2
	;;
esac
exit $failed
