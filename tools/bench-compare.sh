#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Compares the benchmarks of the working tree with those of a revision: both are built first, and then take turns, so
# that what else the machine does falls on both alike. benchstat prints the medians and whether they differ.
#
#	tools/bench-compare.sh REVISION
#
# PACKAGES, BENCH (a pattern), COUNT (turns) and BENCHTIME may be set in the environment. Compare the columns that end in
# cpu-s or cpu-ns: they count only the time that the process ran.
set -eu

base=${1:?usage: tools/bench-compare.sh REVISION}
packages=${PACKAGES:-./sweep ./emu ./unwind/sframe}
bench=${BENCH:-.}
count=${COUNT:-6}
benchtime=${BENCHTIME:-0.3s}

top=$(git rev-parse --show-toplevel)
work=$(mktemp -d)
trap 'git -C "$top" worktree remove --force "$work/base" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
git -C "$top" worktree add --quiet --detach "$work/base" "$base"

for package in $packages; do
	name=$(echo "$package" | tr -c 'a-z0-9\n' _)
	for side in base new; do
		tree=$top
		test $side = new || tree=$work/base
		(cd "$tree" && go test -c -o "$work/$side$name.test" "$package")
	done
	turn=0
	while [ $turn -lt "$count" ]; do
		for side in base new; do
			tree=$top
			test $side = new || tree=$work/base
			(cd "$tree/$package" && "$work/$side$name.test" -test.run '^$' -test.bench "$bench" -test.benchtime "$benchtime") >>"$work/$side.txt"
		done
		turn=$((turn + 1))
	done
done
cd "$work" && go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da base.txt new.txt
