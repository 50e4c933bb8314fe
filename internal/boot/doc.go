// SPDX-License-Identifier: GPL-2.0-only

// Package boot boots arm64 kernels under QEMU, stopped or running, with a GDB stub that listens on this machine only.
//
// What runs in the kernel is Debian's busybox for arm64, from the machine's own mirror, and a script. Nothing is
// installed, and no file of the host can be seen by the guest: it has an initramfs, a serial console, and no disk or
// network.
package boot
