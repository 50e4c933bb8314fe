#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what is missing through the system's package manager, when allowed to.
#
#   tools/deps.sh          what the program needs to be built: a C compiler, pkg-config, libunicorn
#   tools/deps.sh tests    what tests compare with: cross compiler, gdb, tmux, xz, QEMU, a browser; without it they are skipped
#   tools/deps.sh kernel   what 'stacksweep kernel build' takes in addition to the tools that it fetches into its cache
set -eu

missing=
need() { # need PACKAGE COMMAND...: the package is missing unless the command succeeds
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}

need gcc command -v cc
need pkg-config command -v pkg-config
need libunicorn-dev pkg-config --exists unicorn
if [ "${1-}" = tests ]; then
	need gcc-aarch64-linux-gnu command -v aarch64-linux-gnu-gcc
	# Programs for arm64 need a libc, which the compiler's package only recommends.
	need libc6-dev-arm64-cross sh -c 'echo "int main(void) { return 0; }" | aarch64-linux-gnu-gcc -x c - -static -o /dev/null'
	need gdb-multiarch command -v gdb-multiarch
	need tmux command -v tmux
	need lldb command -v lldb
	need strace command -v strace
	need libxml2-utils command -v xmllint
	need xz-utils command -v xz
	need qemu-system-arm command -v qemu-system-aarch64
	need qemu-user-static sh -c 'command -v qemu-aarch64 || command -v qemu-aarch64-static'
	need nodejs command -v node
	need npm command -v npm
	need chromium command -v chromium
fi
if [ "${1-}" = kernel ]; then
	for command in make flex bison m4 bc tar python3; do
		need "$command" command -v "$command"
	done
	need perl-base command -v perl
	need xz-utils command -v xz
	need libelf-dev pkg-config --exists libelf
	need zlib1g-dev pkg-config --exists zlib
fi
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if command -v apt-get >/dev/null && $sudo true 2>/dev/null; then
	echo "installing$missing" >&2
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # both are lists of words
	if $sudo apt-get -q update >&2 && $sudo apt-get -qy install --no-install-recommends $missing libc6-dev >&2; then
		exit 0
	fi
fi
if [ "${1-}" = tests ]; then
	echo "some tests will be skipped; install$missing for them" >&2
	exit 0
fi
echo "stacksweep: please install$missing" >&2
exit 1
