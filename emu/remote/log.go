// SPDX-License-Identifier: GPL-2.0-only

package remote

import "stacksweep/emu"

// chunkLog collects steps into chunks.
type chunkLog struct {
	chunks []*emu.Chunk
	now    *emu.Chunk
	frame  emu.FrameRegs // the last one of now
}

// step adds a step with the registers before it.
func (l *chunkLog) step(r *emu.Regs) {
	if l.now == nil || l.now.Steps == emu.DefaultChunkSteps {
		first := 0
		if l.now != nil {
			first = l.now.First + l.now.Steps
		}
		l.now = &emu.Chunk{First: first}
		l.chunks = append(l.chunks, l.now)
	}
	c := l.now
	f := emu.FrameRegs{Step: uint32(c.Steps), PState: uint32(r.PState &^ emu.PStateNZCV), SP: r.SP, FP: r.X[29],
		LR: r.X[30]}
	if last := l.frame; c.Steps == 0 || f.PState != last.PState || f.SP != last.SP || f.FP != last.FP ||
		f.LR != last.LR {
		c.Frames = append(c.Frames, f)
		l.frame = f
	}
	c.PC = append(c.PC, r.PC)
	c.Full = append(c.Full, *r)
	c.Steps++
}

// at is the number of the last step within its chunk.
func (l *chunkLog) at() int { return l.now.Steps - 1 }

// store adds a store of the last step.
func (l *chunkLog) store(s emu.Store) { l.now.Stores = append(l.now.Stores, s) }

// transfer says where the last step went, with the registers there.
func (l *chunkLog) transfer(kind emu.TransferKind, to *emu.Regs) {
	l.now.Transfers = append(l.now.Transfers, emu.Transfer{
		Step: uint32(l.at()), Kind: kind, To: to.PC, SP: to.SP, FP: to.X[29], LR: to.X[30],
	})
}

// finish returns the chunks.
func (l *chunkLog) finish() []*emu.Chunk { return l.chunks }
