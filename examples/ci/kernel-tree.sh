#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In a kernel tree: builds vmlinux and sweeps it. KTAP goes to stdout, for kselftest's and KernelCI's tools, as in
#
#   kernel-tree.sh /tmp/build | tools/testing/kunit/kunit.py parse
#
# Usage: kernel-tree.sh OUT [ARGUMENT OF 'stacksweep sweep'...]. What the build says goes to stderr.
set -eu
out=$1
shift
make ARCH=arm64 CROSS_COMPILE="${CROSS_COMPILE-aarch64-linux-gnu-}" O="$out" vmlinux >&2
exec "${STACKSWEEP-stacksweep}" sweep -image "$out/vmlinux" -format ktap -format html="$out/stacksweep.html" "$@"
