// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A log collects what Listen notes.
type log struct {
	mu   sync.Mutex
	text string
}

func (l *log) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += fmt.Sprintf(format, args...) + "\n"
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// listen serves a stub at a free port.
func listen(t testing.TB, ctx context.Context, s *Stub) (address string, notes *log, served <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	notes = &log{}
	result := make(chan error, 1)
	go func() { result <- s.Listen(ctx, l, notes.note) }()
	return l.Addr().String(), notes, result
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, c)
}

func TestClients(t *testing.T) {
	address, notes, served := listen(t, t.Context(), newStub(t, "fgraph/return@100"))
	first := dial(t, address)
	first.say(string(encode("Z0,1,4")) + "$s#73")
	first.hear("+", "OK", "+", "T05thread:1;")

	second := dial(t, address)
	second.say("+" + string(encode("qSupported")))
	second.hear("+", "E.stacksweep gdb serves another debugger already")
	second.gone()

	// The first one vanishes in the middle of a packet. The next one finds the run where it was.
	first.say("$p21#")
	time.Sleep(50 * time.Millisecond)
	first.conn.Close()
	third := reconnect(t, address)
	third.say("$bs#d5$bs#d5$k#6b")
	third.hear("+", "T05thread:1;", "+", "T05thread:1;", "+")
	third.gone()
	if err := wait(t, served); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"has connected", "refused", "is lost: unexpected EOF",
		"; waiting for the next debugger", "has killed the run"} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("nothing %q is noted:\n%s", want, notes)
		}
	}
}

// reconnect connects as soon as the stub has noticed that its last client is gone.
func reconnect(t testing.TB, address string) *client {
	t.Helper()
	for range 100 {
		c := dial(t, address)
		c.say("$?#3f")
		c.hear("+")
		e, err := c.in.next()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(e.payload, "E.") {
			return c
		}
		c.conn.Close()
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the stub never comes back")
	return nil
}

// A slowListener takes its time to close. As with package net's listeners, a second Close returns at once.
type slowListener struct {
	net.Listener
	closing, closed atomic.Bool
}

func (l *slowListener) Close() (err error) {
	if !l.closing.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	err = l.Listener.Close()
	time.Sleep(50 * time.Millisecond)
	l.closed.Store(true)
	return err
}

// A caller may listen at the address again as soon as Listen has returned.
func TestListenFreesItsAddress(t *testing.T) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &slowListener{Listener: plain}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newStub(t, "fgraph/return@100").Listen(ctx, l, (&log{}).note); err != nil {
		t.Error(err)
	}
	if !l.closed.Load() {
		t.Error("Listen has returned before its listener was closed")
	}
}

func TestCancelListen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address, _, served := listen(t, ctx, newStub(t, "fgraph/return@100"))
	c := dial(t, address)
	c.say("$qC#b4")
	c.hear("+", "QC1")
	cancel()
	c.gone()
	if err := wait(t, served); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("the address still answers")
	}
}
