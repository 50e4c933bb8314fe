// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"cmp"
	"context"

	"stacksweep/emu"
	"stacksweep/sweep/truth"
)

// outline executes the run for the truth at the ends of its chunks. Its error may be [truth.ErrUnforeseen].
func (r *runner) outline(ctx context.Context) (found *truth.Truth, steps int, err error) {
	outline := r.oracles.Outline(FactsOf(r.run))
	if steps, err = r.survey(ctx, outline.Add); err != nil {
		return nil, steps, err
	}
	found, err = outline.Find()
	return found, steps, err
}

// wholeTruth executes the run for the truth at every step, which takes memory in proportion to its length.
func (r *runner) wholeTruth(ctx context.Context) (found *truth.Truth, steps int, err error) {
	var log truth.Log
	steps, err = r.survey(ctx, func(c *emu.Chunk) error {
		log.Add(c)
		return nil
	})
	if err != nil {
		return nil, steps, err
	}
	found, err = r.oracles.Find(log, FactsOf(r.run), nil)
	return found, steps, err
}

// survey executes the run for its transfers alone, and returns how many steps it has.
func (r *runner) survey(ctx context.Context, show func(*emu.Chunk) error) (steps int, err error) {
	m, err := r.run.Machine()
	if err != nil {
		return 0, err
	}
	defer m.Close()
	o := emu.RunOptions{Until: r.run.Until, Limit: r.run.Limit, Mode: emu.Sparse, ChunkSteps: r.chunkSteps}
	err = r.stream(m, o, func(c *emu.Chunk) error {
		steps = c.First + c.Steps
		return cmp.Or(ctx.Err(), show(c))
	})
	if err != nil {
		return steps, err
	}
	return steps, r.ended(m, steps)
}
