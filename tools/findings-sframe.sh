#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Writes docs/findings-sframe-kernel.md from the kernels that 'stacksweep kernel build -all' has built.
set -eu
cd "$(dirname "$0")/.."

# vmlinux NAME prints where a kernel is.
vmlinux() {
	bin/stacksweep kernel list | awk -v name="$1" '$1 == name { print $NF }'
}

# block COMMAND... prints a command and what it prints, whatever its exit status: it says that something is wrong.
block() {
	printf '```\n'
	"$@" 2>/dev/null | sed 's/ *$//' || true
	printf '```\n\n'
}

bin/stacksweep findings -built >bin/findings-sframe.md
for kernel in $(bin/stacksweep kernel list | awk '/built of/ && $1 ~ /[0-9]$/ { print $1 }'); do
	image=$(vmlinux "$kernel")
	cat <<EOF
# $kernel, from its file

Which assembly is leaf, and why the rest isn't (\`stacksweep leaf -asm\` on its vmlinux):

EOF
	block bin/stacksweep leaf -asm "$image"
	cat <<EOF
How its tables cover the code (the end of \`stacksweep sframe check\` on its vmlinux):

EOF
	block sh -c 'bin/stacksweep sframe check "$1" | tail -n 3' sh "$image"
	image=$(vmlinux "$kernel-annotate-all")
	[ -n "$image" ] || continue
	cat <<EOF
Which leaf annotations are wrong, if everything is annotated (\`stacksweep leaf -asm\` on $kernel-annotate-all):

EOF
	block sh -c 'bin/stacksweep leaf -asm "$1" | grep WRONG' sh "$image"
done >>bin/findings-sframe.md
mv bin/findings-sframe.md docs/findings-sframe-kernel.md
