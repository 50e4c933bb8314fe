// SPDX-License-Identifier: GPL-2.0-only

// Package remote drives an arm64 machine through a GDB stub, such as QEMU's, and single-steps it into the same
// [emu.Recording] that an emulated machine makes.
//
// The protocol is that of "GDB Remote Serial Protocol" in the GDB manual. Of it are used: qSupported, QStartNoAckMode,
// qXfer:features, g, G, p, P, m, M, s, c, vCont, Z0, Z1, z0, z1, qC and, of QEMU's own, Qqemu.sstep.
//
// What a step costs is a round trip. So one is all that a step takes: the reads that the last step calls for, all
// registers, and the next step are sent together, and the stub answers them in order.
//
//	sent       m ADDR,SIZE   g        s           m ADDR,SIZE   g        s
//	           what step n   before   step n+1
//	           has stored    n+1
//	answered   ..., ......, T05       (the stub is silent while the target runs)
package remote
