// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// refusalTime is how long a debugger that can't be served is listened to, until it has asked something that can be
// answered with a refusal.
const refusalTime = 2 * time.Second

// Listen serves the debuggers that connect to a listener, one at a time, and closes it in the end. One that comes while
// another is there is told so and sent away. Listen returns when the context ends or when a debugger kills what it
// debugs, and by then nothing answers at the address; note is told who comes and goes.
func (s *Stub) Listen(ctx context.Context, l net.Listener, note func(format string, args ...any)) error {
	var others sync.WaitGroup
	defer others.Wait()
	// One Close for both: a second one would return before the first has given up the address.
	shut := sync.OnceFunc(func() { l.Close() })
	defer shut()
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, shut)()
	defer cancel()

	var busy atomic.Bool
	clients := make(chan net.Conn)
	lost := make(chan error, 1)
	others.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				lost <- err
				return
			}
			if !busy.CompareAndSwap(false, true) {
				note("refused %v: another debugger is connected", c.RemoteAddr())
				others.Go(func() { sendAway(ctx, c) })
				continue
			}
			select {
			case clients <- c:
			case <-ctx.Done():
				c.Close()
			}
		}
	})
	for {
		select {
		case err := <-lost:
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		case c := <-clients:
			note("%v has connected", c.RemoteAddr())
			end, err := s.serve(ctx, c, false)
			switch {
			case end == kill && ctx.Err() == nil:
				note("%v has killed the run", c.RemoteAddr())
			case err != nil:
				note("%v is lost: %v; waiting for the next debugger", c.RemoteAddr(), err)
			case end != kill:
				note("%v has left at %s; waiting for the next debugger", c.RemoteAddr(), s.Point)
			}
			if end == kill {
				return nil
			}
			busy.Store(false)
		}
	}
}

// sendAway answers a debugger's first packet with an error.
func sendAway(ctx context.Context, c net.Conn) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if err := c.SetDeadline(time.Now().Add(refusalTime)); err != nil {
		return
	}
	r := newPacketReader(c)
	for {
		e, err := r.next()
		if err != nil {
			return
		}
		if e.kind == packet {
			break
		}
	}
	// Whether the message arrives is the other side's affair.
	_, _ = c.Write(append([]byte{'+'}, encode("E.stacksweep gdb serves another debugger already")...))
}
