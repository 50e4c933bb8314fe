// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// A conn is the conversation with one debugger.
type conn struct {
	stub  *Stub
	out   io.Writer
	noAck bool   // packets are neither acknowledged nor repeated
	last  []byte // what was sent last, for when it arrived corrupt

	// handled counts the packets that were taken up, and interruptedAt holds the number of packets that came in before
	// the latest Ctrl-C. So a Ctrl-C stops the packet in work, but not a later one.
	handled       int64
	interruptedAt atomic.Int64
}

// Serve answers a debugger at the other end of a stream, until it goes away or the context ends, and closes the stream.
// The debugger may have been waiting for an answer for some seconds.
func (s *Stub) Serve(ctx context.Context, stream io.ReadWriteCloser) error {
	_, err := s.serve(ctx, stream, true)
	return err
}

func (s *Stub) serve(ctx context.Context, stream io.ReadWriteCloser, waited bool) (ending, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer stream.Close()
	// A write that the debugger doesn't read would block for ever.
	defer context.AfterFunc(ctx, func() { stream.Close() })()

	s.attach()
	c := &conn{stub: s, out: stream}
	events := make(chan event)
	lost := make(chan error, 1)
	go func() { lost <- c.receive(ctx, stream, events) }()
	var next *event
	for {
		if next != nil {
			e := *next
			next = nil
			if end, err := c.react(e); err != nil || end != goOn {
				return end, err
			}
		}
		select {
		case <-ctx.Done():
			return kill, nil
		case err := <-lost:
			switch {
			case ctx.Err() != nil:
				return kill, nil
			case errors.Is(err, io.EOF):
				return detach, nil
			}
			return detach, err
		case e := <-events:
			if waited && e.kind == packet {
				waited = false
				next, c.handled = skipRepeated(ctx, events, e.payload)
			}
			end, err := c.react(e)
			if ctx.Err() != nil {
				return kill, nil
			}
			if err != nil || end != goOn {
				return end, err
			}
		}
	}
}

// repetition is how long repetitions of the first packet may need to come out of the stream in which they are already.
const repetition = 30 * time.Millisecond

// skipRepeated drops repetitions of the first packet and counts them. It returns what came instead, nil for nothing. A
// debugger that starts the stub repeats its packet until the run is recorded, every two seconds if it is gdb, and would
// take the second answer for that to its next packet.
func skipRepeated(ctx context.Context, events <-chan event, first string) (next *event, dropped int64) {
	timeout := time.NewTimer(repetition)
	defer timeout.Stop()
	for {
		select {
		case e := <-events:
			switch {
			case e.kind == packet && e.payload == first:
				dropped++
			case e.kind == packet:
				return &e, dropped
			}
		case <-timeout.C:
			return nil, dropped
		case <-ctx.Done():
			return nil, dropped
		}
	}
}

// receive reads events and passes them on, except for Ctrl-C, which overtakes what waits.
func (c *conn) receive(ctx context.Context, in io.Reader, events chan<- event) error {
	r := newPacketReader(in)
	packets := int64(0)
	for {
		e, err := r.next()
		if err != nil {
			return err
		}
		switch e.kind {
		case interrupt:
			c.interruptedAt.Store(packets)
			continue
		case packet:
			packets++
		}
		select {
		case events <- e:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// react deals with one event.
func (c *conn) react(e event) (ending, error) {
	switch e.kind {
	case nak:
		if c.noAck || c.last == nil {
			return goOn, nil
		}
		return goOn, c.write(c.last)
	case corrupt:
		if c.noAck {
			return goOn, c.send("E.bad checksum")
		}
		return goOn, c.write([]byte{'-'})
	case oversize: // asking for it again would not help
		if err := c.acknowledge(); err != nil {
			return detach, err
		}
		return goOn, c.send("E.packet too long")
	case packet:
		c.handled++
		if err := c.acknowledge(); err != nil {
			return detach, err
		}
		r := c.stub.handle(e.payload, func() bool { return c.interruptedAt.Load() >= c.handled })
		for _, p := range r.packets {
			if err := c.send(p); err != nil {
				return detach, err
			}
		}
		if e.payload == noAckRequest {
			c.noAck = true
		}
		return r.ending, nil
	}
	return goOn, nil
}

func (c *conn) acknowledge() error {
	if c.noAck {
		return nil
	}
	return c.write([]byte{'+'})
}

func (c *conn) send(payload string) error {
	c.last = encode(payload)
	return c.write(c.last)
}

func (c *conn) write(b []byte) error {
	_, err := c.out.Write(b)
	return err
}
