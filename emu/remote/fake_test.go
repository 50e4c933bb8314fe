// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"stacksweep/emu/remote/remotetest"
	"stacksweep/internal/blind"
)

// recordFake records a fake's run of 100 steps.
func recordFake(t *testing.T, f *remotetest.Fake) (*Result, error) {
	t.Helper()
	here, there := net.Pipe()
	go f.Serve(there)
	defer here.Close()
	target, err := New(context.Background(), here, 300*time.Millisecond)
	if err != nil {
		return nil, err
	}
	return target.Record(context.Background(), RecordOptions{Until: 0x1000 + 400})
}

func TestBadTargets(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(f *remotetest.Fake)
		want  error
		kept  int // steps of the partial recording
	}{
		"another architecture": {func(f *remotetest.Fake) {
			f.Description = `<target><architecture>i386:x86-64</architecture><feature name="org.gnu.gdb.i386.core"><reg name="rax" bitsize="64"/></feature></target>`
		}, ErrArchitecture, 0},
		"no description": {func(f *remotetest.Fake) { f.Description = "" }, ErrProtocol, 0},
		"no step":        {func(f *remotetest.Fake) { f.VCont = "vCont;c;C" }, ErrNoStep, 0},
		"stands still": {func(f *remotetest.Fake) {
			f.Step = func(*remotetest.Fake) (string, bool) { return "T05thread:01;", true }
		}, ErrNoStep, 0},
		"user code": {func(f *remotetest.Fake) { f.Regs.PState = 0 }, ErrUser, 0},
		"dies": {func(f *remotetest.Fake) {
			good := f.Step
			f.Step = func(f *remotetest.Fake) (string, bool) {
				a, ok := good(f)
				return a, ok && f.Steps <= 50
			}
		}, ErrGone, 50},
		"ends": {func(f *remotetest.Fake) {
			good := f.Step
			f.Step = func(f *remotetest.Fake) (string, bool) {
				if f.Steps > 50 {
					return "W00", true
				}
				return good(f)
			}
		}, ErrGone, 50},
		"hangs": {func(f *remotetest.Fake) {
			good := f.Step
			f.Step = func(f *remotetest.Fake) (string, bool) {
				if f.Steps > 50 {
					return remotetest.Hang, true
				}
				return good(f)
			}
		}, ErrTimeout, 50},
		"nonsense": {func(f *remotetest.Fake) {
			good := f.Step
			f.Step = func(f *remotetest.Fake) (string, bool) {
				if f.Steps > 50 {
					return remotetest.Raw + "$T05#00", true
				}
				return good(f)
			}
		}, ErrProtocol, 50},
		"refuses": {func(f *remotetest.Fake) {
			good := f.Step
			f.Step = func(f *remotetest.Fake) (string, bool) {
				if f.Steps > 50 {
					return "Q", true
				}
				return good(f)
			}
		}, ErrProtocol, 50},
	} {
		t.Run(name, func(t *testing.T) {
			f := remotetest.New()
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
	r, err := recordFake(t, remotetest.New())
	if err != nil || r.Len() != 100 || r.Partial != nil || r.End.PC != 0x1000+400 {
		t.Fatalf("%v, %v", r, err)
	}
}

func TestCancelledRecording(t *testing.T) {
	f := remotetest.New()
	ctx, cancel := context.WithCancel(context.Background())
	good := f.Step
	f.Step = func(f *remotetest.Fake) (string, bool) {
		if f.Steps == 20 {
			cancel()
		}
		return good(f)
	}
	here, there := net.Pipe()
	go f.Serve(there)
	target, err := New(ctx, here, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	r, err := target.Record(ctx, RecordOptions{Until: 1})
	if !errors.Is(err, context.Canceled) || r == nil || r.Len() < 10 {
		t.Fatalf("%v, %v", r, err)
	}
}

// FuzzReadPacket: what the reader accepts is what a writer writes for the same payload, and it has read no more than
// that.
func FuzzReadPacket(f *testing.F) {
	for _, s := range []string{"$OK#9a", "+$T05thread:01;#07", "$0* #7a", "%Stop:T05#00$OK#9a", "$}]#da", "$#00", "-"} {
		f.Add([]byte(s))
	}
	blind.Fuzz(f, func(t *testing.T, stream []byte) {
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

// BenchmarkRecord is what a step costs in addition to what the target takes for it: the stub is a trivial one on the
// loopback device.
func BenchmarkRecord(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	f := remotetest.New()
	go func() {
		if c, err := l.Accept(); err == nil {
			f.Serve(c)
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
