// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"stacksweep/emu"
)

// A fake is a stub whose target is a run of NOPs, with something wrong about it.
type fake struct {
	description string
	vcont       string
	regs        emu.Regs
	step        func(f *fake) (answer string, ok bool) // what comes of a step; false: the stub closes the connection
	steps       int
}

const plainDescription = `<target><architecture>aarch64</architecture><feature name="org.gnu.gdb.aarch64.core">%s</feature></target>`

func newFake() *fake {
	var regs strings.Builder
	for i := range 31 {
		fmt.Fprintf(&regs, `<reg name="x%d" bitsize="64"/>`, i)
	}
	regs.WriteString(`<reg name="sp" bitsize="64"/><reg name="pc" bitsize="64"/><reg name="cpsr" bitsize="32"/>`)
	return &fake{
		description: fmt.Sprintf(plainDescription, regs.String()), vcont: "vCont;c;C;s;S",
		regs: emu.Regs{PC: 0x1000, SP: 0x8000, PState: emu.ModeEL1h},
		step: func(f *fake) (string, bool) { f.regs.PC += 4; return "T05thread:01;", true },
	}
}

// serve answers packets until the connection ends.
func (f *fake) serve(c net.Conn) {
	defer c.Close()
	r, buffer := bufio.NewReader(c), &bytes.Buffer{}
	for {
		p, err := readPacket(r, buffer)
		if err != nil {
			return
		}
		answer, ok := f.answer(string(p))
		if !ok {
			return
		}
		if answer == "hang" {
			continue
		}
		if strings.HasPrefix(answer, "raw ") {
			_, _ = c.Write([]byte(answer[4:]))
			continue
		}
		_, _ = c.Write(appendPacket(nil, answer))
	}
}

func (f *fake) answer(p string) (string, bool) {
	switch {
	case strings.HasPrefix(p, "qSupported"):
		return "PacketSize=400;qXfer:features:read+;QStartNoAckMode+", true
	case strings.HasPrefix(p, "qXfer:features:read:target.xml:"):
		var offset, n int
		fmt.Sscanf(p, "qXfer:features:read:target.xml:%x,%x", &offset, &n)
		rest := f.description[min(offset, len(f.description)):]
		if len(rest) > n {
			return "m" + rest[:n], true
		}
		return "l" + rest, true
	case p == "vCont?":
		return f.vcont, true
	case p == "?":
		return "T05thread:01;", true
	case p == "g":
		var b []byte
		for _, x := range f.regs.X {
			b = binary.LittleEndian.AppendUint64(b, x)
		}
		b = binary.LittleEndian.AppendUint64(b, f.regs.SP)
		b = binary.LittleEndian.AppendUint64(b, f.regs.PC)
		b = binary.LittleEndian.AppendUint32(b, uint32(f.regs.PState))
		return hex.EncodeToString(b), true
	case p[0] == 'm':
		var addr, n int
		fmt.Sscanf(p, "m%x,%x", &addr, &n)
		return strings.Repeat("1f2003d5", n/4+1)[:2*n], true
	case strings.HasPrefix(p, "Q"):
		return "OK", true
	case p == "s", strings.HasPrefix(p, "vCont;s"):
		f.steps++
		return f.step(f)
	}
	return "", true
}

// recordFake records a fake's run of 100 steps.
func recordFake(t *testing.T, f *fake) (*Result, error) {
	t.Helper()
	here, there := net.Pipe()
	go f.serve(there)
	defer here.Close()
	target, err := New(context.Background(), here, 300*time.Millisecond)
	if err != nil {
		return nil, err
	}
	return target.Record(context.Background(), RecordOptions{Until: 0x1000 + 400})
}

func TestBadTargets(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(f *fake)
		want  error
		kept  int // steps of the partial recording
	}{
		"another architecture": {func(f *fake) {
			f.description = `<target><architecture>i386:x86-64</architecture><feature name="org.gnu.gdb.i386.core"><reg name="rax" bitsize="64"/></feature></target>`
		}, ErrArchitecture, 0},
		"no description": {func(f *fake) { f.description = "" }, ErrProtocol, 0},
		"no step":        {func(f *fake) { f.vcont = "vCont;c;C" }, ErrNoStep, 0},
		"stands still": {func(f *fake) {
			f.step = func(*fake) (string, bool) { return "T05thread:01;", true }
		}, ErrNoStep, 0},
		"user code": {func(f *fake) { f.regs.PState = 0 }, ErrUser, 0},
		"dies": {func(f *fake) {
			good := f.step
			f.step = func(f *fake) (string, bool) {
				a, ok := good(f)
				return a, ok && f.steps <= 50
			}
		}, ErrGone, 50},
		"ends": {func(f *fake) {
			good := f.step
			f.step = func(f *fake) (string, bool) {
				if f.steps > 50 {
					return "W00", true
				}
				return good(f)
			}
		}, ErrGone, 50},
		"hangs": {func(f *fake) {
			good := f.step
			f.step = func(f *fake) (string, bool) {
				if f.steps > 50 {
					return "hang", true
				}
				return good(f)
			}
		}, ErrTimeout, 50},
		"nonsense": {func(f *fake) {
			good := f.step
			f.step = func(f *fake) (string, bool) {
				if f.steps > 50 {
					return "raw $T05#00", true
				}
				return good(f)
			}
		}, ErrProtocol, 50},
		"refuses": {func(f *fake) {
			good := f.step
			f.step = func(f *fake) (string, bool) {
				if f.steps > 50 {
					return "Q", true
				}
				return good(f)
			}
		}, ErrProtocol, 50},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			c.spoil(f)
			r, err := recordFake(t, f)
			if !errors.Is(err, c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, not one line of %q", err, c.want)
			}
			switch {
			case c.kept == 0 && r != nil:
				t.Errorf("%d steps are kept of nothing", r.Len())
			case c.kept > 0 && (r == nil || r.Len() != c.kept || r.Partial == nil):
				t.Errorf("%d steps are kept, not %d; marked partial: %v", r.Len(), c.kept, r.Partial)
			}
		})
	}
}

func TestGoodTarget(t *testing.T) {
	r, err := recordFake(t, newFake())
	if err != nil || r.Len() != 100 || r.Partial != nil || r.End.PC != 0x1000+400 {
		t.Fatalf("%v, %v", r, err)
	}
}

func TestCancelledRecording(t *testing.T) {
	f := newFake()
	ctx, cancel := context.WithCancel(context.Background())
	good := f.step
	f.step = func(f *fake) (string, bool) {
		if f.steps == 20 {
			cancel()
		}
		return good(f)
	}
	here, there := net.Pipe()
	go f.serve(there)
	target, err := New(ctx, here, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	r, err := target.Record(ctx, RecordOptions{Until: 1})
	if !errors.Is(err, context.Canceled) || r == nil || r.Len() < 10 {
		t.Fatalf("%v, %v", r, err)
	}
}

// FuzzReadPacket: what the reader accepts is what a writer writes for the same payload, and it has read no more than that.
func FuzzReadPacket(f *testing.F) {
	for _, s := range []string{"$OK#9a", "+$T05thread:01;#07", "$0* #7a", "%Stop:T05#00$OK#9a", "$}]#da", "$#00", "-"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bufio.NewReader(bytes.NewReader(stream))
		payload, err := readPacket(r, &bytes.Buffer{})
		if err != nil {
			return
		}
		payload = bytes.Clone(payload)
		left, _ := r.Peek(len(stream))
		if read := stream[:len(stream)-len(left)]; bytes.Count(read, []byte("$")) != 1 || read[len(read)-3] != '#' {
			t.Fatalf("a packet of %q", read)
		}
		again, err := readPacket(bufio.NewReader(bytes.NewReader(appendPacket(nil, string(payload)))), &bytes.Buffer{})
		if err != nil || !bytes.Equal(again, payload) {
			t.Fatalf("%q becomes %q, %v", payload, again, err)
		}
	})
}

// BenchmarkRecord is what a step costs beside what the target takes for it: the stub is a trivial one on the loopback device.
func BenchmarkRecord(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	f := newFake()
	go func() {
		if c, err := l.Accept(); err == nil {
			f.serve(c)
		}
	}()
	t, err := Dial(context.Background(), l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if _, err := t.Record(context.Background(), RecordOptions{Until: 1, Limit: b.N}); !errors.Is(err, ErrLimit) {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}
