// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A client is a debugger in a test.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *packetReader
}

func newClient(t testing.TB, c net.Conn) *client {
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{t, c, newPacketReader(c)}
}

// say sends bytes, in the background, as a pipe has no buffer.
func (c *client) say(raw string) {
	go func() { _, _ = c.conn.Write([]byte(raw)) }()
}

// hear reads events and compares them with what they should be: "+", "-", or a packet's payload.
func (c *client) hear(want ...string) {
	c.t.Helper()
	for _, w := range want {
		e, err := c.in.next()
		if err != nil {
			c.t.Fatalf("waiting for %q: %v", w, err)
		}
		got := e.payload
		switch e.kind {
		case ack:
			got = "+"
		case nak:
			got = "-"
		case corrupt:
			got = "a corrupt packet"
		}
		if got != w {
			c.t.Fatalf("got %q, want %q", got, w)
		}
	}
}

// gone waits for the other side to hang up.
func (c *client) gone() {
	c.t.Helper()
	if e, err := c.in.next(); err == nil {
		c.t.Errorf("got %+v, want the end of the connection", e)
	} else if errors.Is(err, context.DeadlineExceeded) {
		c.t.Error("the connection is still open")
	}
}

// onPipe serves a client over a pipe. Its result gives what Serve returned.
func onPipe(t testing.TB, ctx context.Context, s *Stub) (*client, <-chan error) {
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, far) }()
	return newClient(t, near), served
}

func wait(t testing.TB, served <-chan error) error {
	t.Helper()
	select {
	case err := <-served:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the stub goes on and on")
		return nil
	}
}

func TestConversation(t *testing.T) {
	c, served := onPipe(t, t.Context(), newStub(t, "fgraph/return@100"))
	c.say("+$?#3f")
	c.hear("+", "T05thread:1;")
	c.say("+$bs#d5")
	c.hear("+", "T05thread:1;")

	// What arrived corrupt is sent again, in both directions.
	c.say("-")
	c.hear("T05thread:1;")
	c.say("$qC#00")
	c.hear("-")
	c.say("$qC#b4")
	c.hear("+", "QC1")

	c.conn.Close()
	if err := wait(t, served); err != nil {
		t.Error(err)
	}
}

func TestNoAckMode(t *testing.T) {
	c, served := onPipe(t, t.Context(), newStub(t, "fgraph/return@100"))
	c.say(string(encode("QStartNoAckMode")))
	c.hear("+", "OK")
	c.say("+" + string(encode("qC")) + "-$qC#00" + string(encode("D")))
	c.hear("QC1", "E.bad checksum", "OK")
	c.gone()
	if err := wait(t, served); err != nil {
		t.Error(err)
	}
}

func TestOversize(t *testing.T) {
	c, _ := onPipe(t, t.Context(), newStub(t, "fgraph/return@100"))
	c.say(string(encode("m" + strings.Repeat("0", maxPacket))))
	c.hear("+", "E.packet too long")
	c.say(string(encode("qC")))
	c.hear("+", "QC1")
}

func TestDisconnects(t *testing.T) {
	for raw, want := range map[string]error{
		"":          nil,
		"+":         nil,
		"$qC#b4":    nil,
		"$qC":       io.ErrUnexpectedEOF,
		"$qC#b":     io.ErrUnexpectedEOF,
		"$c#63$bc#": io.ErrUnexpectedEOF,
	} {
		t.Run(raw, func(t *testing.T) {
			near, far := net.Pipe()
			served := make(chan error, 1)
			go func() { served <- stubAtStart(t).Serve(t.Context(), far) }()
			go func() { _, _ = io.Copy(io.Discard, near) }()
			if _, err := near.Write([]byte(raw)); err != nil {
				t.Fatal(err)
			}
			near.Close()
			// An answer may have been under way.
			if err := wait(t, served); !errors.Is(err, want) && !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("error %v, want %v", err, want)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, served := onPipe(t, ctx, newStub(t, "fgraph/return@100"))
	c.say("$qC#b4")
	c.hear("+", "QC1")
	cancel()
	c.gone()
	if err := wait(t, served); err != nil {
		t.Error(err)
	}
}

// TestCtrlC checks that Ctrl-C stops the motion that it comes after, and neither an earlier nor a later one.
func TestCtrlC(t *testing.T) {
	for _, c := range []struct {
		stream string
		want   []string
	}{
		{"$bc#c5\x03", []string{"T02thread:1;"}},
		{"\x03$bc#c5", []string{"T05replaylog:begin;thread:1;"}},
		{"$c#63\x03$bc#c5", []string{"T02thread:1;", "T05replaylog:begin;thread:1;"}},
	} {
		s := newStub(t, "fgraph/return@100")
		var out bytes.Buffer
		conn := &conn{stub: s, out: &out, noAck: true}
		events := make(chan event)
		done := make(chan error, 1)
		go func() { done <- conn.receive(t.Context(), strings.NewReader(c.stream), events) }()
		var all []event
	collect:
		for {
			select {
			case e := <-events:
				all = append(all, e)
				// A packet whose Ctrl-C is yet to be received is only taken up afterwards: a motion takes longer.
				if strings.HasPrefix(c.stream, "$") && len(all) == 1 {
					for conn.interruptedAt.Load() == 0 {
						time.Sleep(time.Millisecond)
					}
				}
				if _, err := conn.react(e); err != nil {
					t.Fatal(err)
				}
			case err := <-done:
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				break collect
			}
		}
		want := ""
		for _, w := range c.want {
			want += string(encode(w))
		}
		if out.String() != want {
			t.Errorf("%q: got %q, want %q", c.stream, out.String(), want)
		}
	}
}
