// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/blind"
	"stacksweep/internal/catalog"
	"stacksweep/internal/inspect"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// newStub returns a stub at a point.
func newStub(t testing.TB, point string) *Stub {
	t.Helper()
	open := func(to verdict.Target) (*inspect.Inspector, error) {
		s, err := session.Open(to, registry.All(), scenarios.Options{})
		if err != nil {
			return nil, err
		}
		return inspect.New(s), nil
	}
	p, err := verdict.ParsePoint(corpus.All(), point)
	if err != nil {
		t.Fatal(err)
	}
	run, err := open(p.Target)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = run.Resolve(p); err != nil {
		t.Fatal(err)
	}
	walker := slices.IndexFunc(run.Walkers, func(w registry.Spec) bool { return w.Name == "sframe" })
	s, err := New(Config{Run: run, Point: p, Walker: walker, Mode: verdict.IRQ, Find: (&catalog.Catalog{}).Point,
		Open:    open,
		Program: corpus.ELF(), ProgramPath: "/corpus.elf"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask returns the one packet that answers a packet.
func ask(t testing.TB, s *Stub, p string) string {
	t.Helper()
	r := s.handle(p, nil)
	if len(r.packets) != 1 {
		t.Fatalf("%q is answered with %d packets: %q", p, len(r.packets), r.packets)
	}
	return r.packets[0]
}

// monitor returns what a monitor command prints.
func monitor(t testing.TB, s *Stub, command string) string {
	t.Helper()
	r := s.handle("qRcmd,"+hex.EncodeToString([]byte(command)), nil)
	text := ""
	for i, p := range r.packets {
		if i == len(r.packets)-1 {
			if p != "OK" {
				t.Fatalf("monitor %s ends in %q", command, p)
			}
			break
		}
		part, err := hex.DecodeString(strings.TrimPrefix(p, "O"))
		if err != nil || p[0] != 'O' {
			t.Fatalf("monitor %s: %q: %v", command, p, err)
		}
		text += string(part)
	}
	return text
}

func TestPackets(t *testing.T) {
	const readOnly = "E.this is a recording of a run: nothing in it can be changed"
	for _, c := range []struct{ packet, want string }{
		{"", ""},
		{"?", "T05thread:1;"},
		{"!", ""},
		{"vMustReplyEmpty", ""},
		{"qSupported:multiprocess+;swbreak+",
			"PacketSize=4000;QStartNoAckMode+;qXfer:features:read+;ReverseStep+;ReverseContinue+;" +
				"vContSupported+;swbreak+;hwbreak+;qXfer:exec-file:read+"},
		{"QStartNoAckMode", "OK"},
		{"QNonStop:1", ""},
		{"qAttached", "1"},
		{"qC", "QC1"},
		{"qfThreadInfo", "m1"},
		{"qsThreadInfo", "l"},
		{"qThreadExtraInfo,1", hex.EncodeToString([]byte("fgraph/return:mainline"))},
		{"qSymbol::", "OK"},
		{"qTStatus", ""},
		{"Hg0", "OK"},
		{"Hc-1", "OK"},
		{"Hg2", `E.no thread "2"`},
		{"T1", "OK"},
		{"T7", `E.no thread "7"`},
		{"vCont?", "vCont;c;C;s;S;r"},
		{"D", "OK"},
		{"D;1", "OK"},
		{"vKill;1", "OK"},

		{"p1f", "00c0008100 80ffff"},
		{"p22", `E.no register "22"`},
		{"pzz", `E.no register "zz"`},
		{"P0=1", readOnly},
		{"G00", readOnly},
		{"Mffff800080010000,4:00000000", readOnly},
		{"Xffff800080010000,4:abcd", readOnly},
		{"Xffff800080010000,0:", ""},

		{"m0,4", "E0e"},
		{"m0,0", ""},
		{"mffff800080010000", `E."ffff800080010000" lacks ","`},
		{"m,", `E."" is not a hexadecimal number`},
		{"m123456789abcdef01,1", `E."123456789abcdef01" is not a hexadecimal number`},
		{"mffffffffffffffff,10", "E0e"},

		{"qXfer:features:read:target.xml:0,5", "m<?xml"},
		{"qXfer:features:read:target.xml:ffffff,5", "l"},
		{"qXfer:features:read:other.xml:0,5", "E00"},
		{"qXfer:features:read:target.xml:0", `E."0" lacks ","`},
		{"qXfer:auxv:read::0,100", ""},
		{"qXfer:exec-file:read::0,100", "l/corpus.elf"},
		{"qXfer:exec-file:read:1:1,3", "mcor"},
		{"qXfer:exec-file:write::0,100", ""},

		{"vFile:setfs:0", "F0"},
		{"vFile:open:" + hex.EncodeToString([]byte("/corpus.elf")) + ",0,1c0", "F3"},
		{"vFile:open:" + hex.EncodeToString([]byte("/corpus.elf")) + ",1,1c0", "F-1,1e"},
		{"vFile:open:" + hex.EncodeToString([]byte("/etc/passwd")) + ",0,1c0", "F-1,2"},
		{"vFile:open:x,0,0", "F-1,16"},
		{"vFile:open:", "F-1,16"},
		{"vFile:pread:3,4,0", "F4;\x7fELF"},
		{"vFile:pread:3,10,ffffffffffffffff", "F0;"},
		{"vFile:pread:4,4,0", "F-1,9"},
		{"vFile:pread:3,4", "F-1,16"},
		{"vFile:pread:3,-4,0", "F-1,16"},
		{"vFile:close:3", "F0"},
		{"vFile:close:4", "F-1,9"},
		{"vFile:fstat:4", "F-1,9"},
		{"vFile:unlink:00", "F-1,1e"},
		{"vFile:readlink:00", ""},
		{"vFile", ""},

		{"Z0,ffff800080010000,4", "OK"},
		{"z0,ffff800080010000,4", "OK"},
		{"z0,ffff800080010000,4", "OK"},
		{"Z1,ffff800080010000,4", "OK"},
		{"Z2,ffff800081008000,8", "OK"},
		{"Z2,ffff800081008000,0", "E.a watchpoint on 0 bytes at 0xffff800081008000"},
		{"Z2,ffffffffffffffff,2", "E.a watchpoint on 2 bytes at 0xffffffffffffffff"},
		{"Z3,ffff800081008000,8", "OK"},
		{"Z4,ffff800081008000,8", "OK"},
		{"z3,ffff800081008000,8", "OK"},
		{"z4,ffff800081008000,8", "OK"},
		{"Z0", `E."" lacks ","`},
		{"Z0,1", `E."1" lacks ","`},

		{"bs", "T05replaylog:begin;thread:1;"},
		{"bc", "T05replaylog:begin;thread:1;"},
		{"s", "T05thread:1;"},
		{"c1000", "E.a recorded run can't go on at another address"},
		{"C02", "E.a recorded run can't be given a signal"},
		{"b", ""},
		{"bx", ""},
		{"vCont;s:1;c", "T05thread:1;"},
		{"vCont;s:2", "E.no action for thread 1"},
		{"vCont;c:2;s", "T05thread:1;"},
		{"vCont;x", `E.no action "x"`},
		{"vCont", `E.no action ""`},
		{"vCont;r10", `E."10" lacks ","`},
		{"vCont;C02:1", "E.a recorded run can't be given a signal"},
		{"vCont;c:-1", "T05replaylog:end;thread:1;"},
		{"qRcmd,6", `E."6" is not hexadecimal`},
	} {
		t.Run(c.packet, func(t *testing.T) {
			got := ask(t, stubAtStart(t), c.packet)
			if want := strings.ReplaceAll(c.want, " ", ""); got != want && got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// shared is for the tests that only want some stub at the start of fgraph/return.
var shared *Stub

func stubAtStart(t testing.TB) *Stub {
	if shared == nil {
		shared = newStub(t, "fgraph/return@0")
	}
	s := *shared
	if err := s.show(s.Run, verdict.PointName{Target: s.Point.Target}); err != nil {
		t.Fatal(err)
	}
	s.attach()
	return &s
}

func TestNewBeyondTheEnd(t *testing.T) {
	s := stubAtStart(t)
	c := s.Config
	c.Point.Step = s.Run.Len() + 1
	_, err := New(c)
	if err == nil || !strings.Contains(err.Error(), "steps, so there is no @") {
		t.Errorf("error %v", err)
	}
}

func TestTooManyBreakpoints(t *testing.T) {
	s := stubAtStart(t)
	for n := range maxBreakpoints {
		if got := ask(t, s, fmt.Sprintf("Z1,%x,4", n)); got != "OK" {
			t.Fatalf("breakpoint %d: %s", n, got)
		}
	}
	if got := ask(t, s, "Z1,ffff,4"); got != "E.more than 1024 breakpoints" {
		t.Error(got)
	}
}

// FuzzPackets checks that no packet makes the stub panic, and that every answer is short enough to be sent.
func FuzzPackets(f *testing.F) {
	for _, p := range []string{"?", "g", "p1f", "mffff800080010000,10", "Z0,ffff800080010000,4",
		"Z2,ffff80008100bf00,80", "vCont;r0,10:1", "vCont;c", "bc", "bs", "s",
		"qRcmd,7472757468", "qRcmd,77616c6b20667020", "qRcmd,6e6578742d6661696c757265", "qRcmd,676f746f20313337",
		"qXfer:features:read:target.xml:0,ffff", "Hg0", "vFile:pread:3,ffff,0", "vFile:fstat:3"} {
		f.Add(p)
	}
	s := newStub(f, "fgraph/return@137")
	blind.Fuzz(f, func(t *testing.T, p string) {
		s.attach()
		for _, a := range s.handle(p, nil).packets {
			if n := len(encode(a)) - 4; n > maxPacket {
				t.Errorf("an answer of %d characters", n)
			}
		}
		if step := s.Run.At().Step(); step != s.Point.Step {
			t.Errorf("the run is before step %d, the stub thinks %d", step, s.Point.Step)
		}
	})
}
