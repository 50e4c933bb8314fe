// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"stacksweep/internal/arm64"
	"stacksweep/internal/kernels"
	"stacksweep/unwind"
)

// A call is clean only if the function keeps to the rules. The functions are made up, and put where one of the kernel's
// is.
func TestCall(t *testing.T) {
	cached, err := kernels.List()
	if err != nil {
		t.Fatal(err)
	}
	image := ""
	for _, c := range cached {
		if filepath.Base(c.Image) != "vmlinux" {
			image = c.Image
		}
	}
	if image == "" {
		t.Skip("no kernel is in the cache: 'stacksweep kernel fetch' gets some")
	}
	k, err := Load("x", image)
	if err != nil {
		t.Fatal(err)
	}
	lab, err := k.newLaboratory(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	at, _ := k.lookup("int_sqrt")
	const (
		ret     = 0xd65f03c0
		current = 0xd5384101 // mrs x1, sp_el0
		load    = 0xf9400022 // ldr x2, [x1]
		change  = 0x91000443 // add x3, x2, #1
		put     = 0xf9000023 // str x3, [x1]
		putBack = 0xf9000022 // str x2, [x1]
	)
	tests := []struct {
		name   string
		words  []uint32
		set    int // of arguments
		clean  bool
		result uint64
	}{
		{"returns", []uint32{0xd2800540, ret}, 0, true, 42}, // mov x0, #42
		{"writes to its argument", []uint32{0xf9000000, ret}, 0, true, dataBase + tableSize},
		{"writes to no memory", []uint32{0xf9000000, ret}, 2, false, 0}, // str x0, [x0]
		{"changes X19", []uint32{0xd2800533, ret}, 0, false, 0},
		{"changes X20", []uint32{0xd2800534, ret}, 0, false, 0},
		{"changes X28", []uint32{0xd280053c, ret}, 0, false, 0},
		{"changes X29", []uint32{0xd280053d, ret}, 0, false, 0},
		{"moves SP", []uint32{0xd10043ff, ret}, 0, false, 0},
		{"uses the stack", []uint32{0xf81f0fe0, 0xf84107e0, ret}, 0, true, dataBase + tableSize}, // str, ldr
		{"masks interrupts", []uint32{0xd50342df, ret}, 0, false, 0},                             // msr daifset, #2
		{"masks and unmasks", []uint32{0xd50342df, 0xd50342ff, ret}, 0, true, dataBase + tableSize},
		{"changes the task", []uint32{current, load, change, put, ret}, 0, false, 0},
		{"changes it and back", []uint32{current, load, change, put, putBack, ret}, 0, true, dataBase + tableSize},
		{"has a bug", []uint32{arm64.BRKBug, ret}, 0, false, 0},
		{"never ends", []uint32{arm64.B}, 0, false, 0},
		{"goes elsewhere", []uint32{0xd61f0000}, 2, false, 0}, // br x0
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := lab.machine.Fork(func() error {
				var code []byte
				for _, w := range tt.words {
					code = binary.LittleEndian.AppendUint32(code, w)
				}
				if err := lab.machine.Write(at, code); err != nil {
					return err
				}
				f := unwind.Range{Start: at, End: at + uint64(len(code))}
				o, err := lab.Call(f, tt.set, dataBase+tableSize, 0)
				if (err == nil) != tt.clean {
					t.Errorf("clean: %t (%v), want %t", err == nil, err, tt.clean)
				}
				if err == nil && (o.Result != tt.result || o.Visits[0] != 1) {
					t.Errorf("result %#x, want %#x; visits %v", o.Result, tt.result, o.Visits)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
