// SPDX-License-Identifier: GPL-2.0-only

package recfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stacksweep/emu"
	"stacksweep/internal/blind"
)

// recorded is a recording of a loop that stores.
func recorded(t testing.TB, mode emu.Mode) *emu.Recording {
	t.Helper()
	code := []byte{}
	for _, w := range []uint32{
		0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
		0x910003fd, // mov x29, sp
		0xf1000400, // subs x0, x0, #1
		0x390003e0, // strb w0, [sp]
		0x54ffffc1, // b.ne the subs
		0xa8c17bfd, // ldp x29, x30, [sp], #16
		0xd65f03c0, // ret
	} {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	m, err := emu.New(emu.Config{Regions: []emu.Region{
		{Name: "code", Base: 0x10000, Size: emu.PageSize, Data: code, Perm: emu.Read | emu.Exec},
		{Name: "stack", Base: 0x20000, Size: emu.PageSize, Perm: emu.Read | emu.Write},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	r := emu.Regs{PC: 0x10000, SP: 0x20000 + emu.PageSize}
	r.X[0], r.X[30] = 30, 0x30000
	if err := m.SetRegs(r); err != nil {
		t.Fatal(err)
	}
	recording, err := m.Record(emu.RunOptions{Until: 0x30000, Mode: mode, ChunkSteps: 16})
	if err != nil {
		t.Fatal(err)
	}
	return recording
}

// same are the options with which recordings are compared: all of them, but the places where memory was read last.
var same = []cmp.Option{cmp.AllowUnexported(emu.Recording{}, emu.Chunk{}), cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b *emu.Memory) bool {
		return slices.EqualFunc(a.Regions(), b.Regions(), func(a, b emu.Region) bool {
			return a.Base == b.Base && bytes.Equal(a.Data, b.Data)
		})
	})}

func TestRoundTrip(t *testing.T) {
	for _, mode := range []emu.Mode{emu.Sparse, emu.Full} {
		f := &File{[]byte("about it"), recorded(t, mode)}
		path := filepath.Join(t.TempDir(), "x.rec")
		if err := Write(path, f); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f, got, same...); diff != "" {
			t.Error(diff)
		}
		again, err := Encode(got)
		if first, _ := os.ReadFile(path); err != nil || !bytes.Equal(first, again) {
			t.Errorf("written again it is another file: %v", err)
		}
	}
}

// TestDamage changes every byte of a file, and cuts it everywhere.
func TestDamage(t *testing.T) {
	data, err := Encode(&File{[]byte("x"), recorded(t, emu.Full)})
	if err != nil {
		t.Fatal(err)
	}
	known := func(err error) bool {
		return errors.Is(err, ErrNoRecording) || errors.Is(err, ErrVersion) || errors.Is(err, ErrDamaged)
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		if _, err := Decode(bad); !known(err) {
			t.Fatalf("byte %d of %d changed: %v", i, len(data), err)
		}
		if _, err := Decode(data[:i]); !known(err) {
			t.Fatalf("cut to %d of %d bytes: %v", i, len(data), err)
		}
	}
}

func TestNothingIsWrittenInPart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if err := Write(filepath.Join(dir, "x.rec"), &File{nil, recorded(t, emu.Sparse)}); err == nil {
		t.Error("written into a missing folder")
	}
}

// sealed makes a file of a body, with a checksum that is right.
func sealed(body []byte) []byte {
	z, _ := encoder()
	return seal(z.EncodeAll(body, binary.LittleEndian.AppendUint64(nil, uint64(len(body)))))
}

// FuzzDecode: a body that is accepted gives a recording of which the cursor reaches the end and comes back to the
// memory that it began with, and which is written and read again as it is.
func FuzzDecode(f *testing.F) {
	for _, mode := range []emu.Mode{emu.Sparse, emu.Full} {
		w := &writer{}
		w.body(&File{[]byte("x"), recorded(f, mode)})
		f.Add(w.p)
	}
	blind.Fuzz(f, func(t *testing.T, body []byte) {
		got, err := Decode(sealed(body))
		if err != nil {
			return
		}
		c := got.Cursor()
		for c.Next() {
			c.Regs()
		}
		if err := c.Seek(got.Len()); err != nil {
			t.Fatal(err)
		}
		if err := c.Seek(0); err != nil {
			t.Fatal(err)
		}
		if diff := differences(got.Initial, c.Memory()); diff != "" {
			t.Fatal(diff)
		}
		data, err := Encode(got)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := differences(got, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

// differences is what cmp.Diff finds, which takes a hundred times as long as to see that there is nothing.
func differences(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, same...)
}
