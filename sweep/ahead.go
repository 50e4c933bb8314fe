// SPDX-License-Identifier: GPL-2.0-only

package sweep

import "stacksweep/emu"

// stream executes on a machine and hands the chunks to take, as [emu.Machine.Stream] does. If there may be other
// goroutines the machine goes on with the next chunk while one is taken.
func (r *runner) stream(m *emu.Machine, o emu.RunOptions, take func(*emu.Chunk) error) error {
	if r.options.Jobs < 2 {
		return m.Stream(o, take)
	}
	chunks := make(chan *emu.Chunk)
	gone := make(chan struct{}) // nothing is taken any more
	end := make(chan error, 1)
	go func() {
		end <- m.Stream(o, func(c *emu.Chunk) error {
			select {
			case chunks <- c:
				return nil
			case <-gone:
				return errGone
			}
		})
		close(chunks)
	}()
	for c := range chunks {
		if err := take(c); err != nil {
			close(gone)
			<-end // the machine is still
			return err
		}
	}
	return <-end
}
