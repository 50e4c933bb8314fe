#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds the corpus from its sources and compares it with the committed one. Prints SKIP, and why, where that can't be done.
set -eu
cd "$(dirname "$0")/.."

skip() {
	echo "corpus-check: SKIP: $1"
	exit 0
}

command -v aarch64-linux-gnu-gcc >/dev/null || skip "aarch64-linux-gnu-gcc is not installed"
# Another release of the compiler makes other code.
case $(aarch64-linux-gnu-gcc -dumpversion) in
12*) ;;
*) skip "the corpus is built with gcc 12, this is $(aarch64-linux-gnu-gcc -dumpversion)" ;;
esac
mkdir -p bin
status=0
tools=$(go run ./tools/toolchain 2>bin/toolchain.log) || status=$?
[ $status = 0 ] || skip "$(tail -n 1 bin/toolchain.log)"

rm -rf bin/corpus-check
make -s -C scenarios/corpus/src TOOLS="$tools" OUT="$PWD/bin/corpus-check"
if ! cmp bin/corpus-check/corpus.elf scenarios/corpus/corpus.elf; then
	echo "corpus-check: scenarios/corpus/corpus.elf is not what its sources give; run 'make corpus'" >&2
	exit 1
fi
echo "corpus-check: the committed corpus is what its sources give"
