// SPDX-License-Identifier: GPL-2.0-only

// Package remote drives an arm64 machine through a GDB stub, such as QEMU's, and single-steps it into the same
// [emu.Recording] that an emulated machine makes.
//
// The protocol is that of "GDB Remote Serial Protocol" in the GDB manual. Of it are used: qSupported, QStartNoAckMode,
// qXfer:features, g, G, p, P, m, M, s, c, vCont, Z0, Z1, z0, z1, qC and, of QEMU's own, Qqemu.sstep.
//
// What a step costs is two round trips, and the time that the target takes for it:
//
//	sent       s           m ADDR,SIZE   g
//	                       what the step has stored, and all registers after it
//	answered   T05...      ..., ...
package remote
