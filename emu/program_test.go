// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
)

var update = flag.Bool("update", false, "assemble testdata/*.s again")

// The memory that the test programs find.
const (
	codeBase  = 0xffff800080010000 // aligned for exception vectors
	codeSize  = 0x4000
	dataBase  = 0xffff000010000000
	dataSize  = 0x4000
	data2Base = dataBase + dataSize // touches data, so that a store can lie across both
	data2Size = 0x1000
	stackBase = 0xffff8000a0000000
	stackTop  = stackBase + 0x4000
)

// program returns the code of testdata/name.bin.
func program(t testing.TB, name string) []byte {
	t.Helper()
	code, err := os.ReadFile(filepath.Join("testdata", name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// words encodes instructions.
func words(w ...uint32) []byte {
	var code []byte
	for _, word := range w {
		code = binary.LittleEndian.AppendUint32(code, word)
	}
	return code
}

// config describes a machine with the given code.
func config(code []byte) Config {
	return Config{Regions: []Region{
		{Name: "stack", Base: stackBase, Size: stackTop - stackBase, Perm: Read | Write},
		{Name: "code", Base: codeBase, Size: codeSize, Data: code, Perm: Read | Exec},
		{Name: "data", Base: dataBase, Size: dataSize, Data: bytes.Repeat([]byte("stacksweep"), 1000),
			Perm: Read | Write},
		{Name: "data 2", Base: data2Base, Size: data2Size, Perm: Read | Write},
	}}
}

// startRegs are the registers with which test programs start.
func startRegs() Regs {
	r := Regs{SP: stackTop, PC: codeBase, PState: PStateNZCV &^ (1 << 30)}
	for i := range r.X {
		r.X[i] = uint64(i) * 0x0101_0101_0101
	}
	r.X[0], r.X[1], r.X[2], r.X[3] = dataBase, data2Base, 0x300, 0x5a
	return r
}

func newMachine(t testing.TB, c Config, r Regs) *Machine {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if err := m.SetRegs(r); err != nil {
		t.Fatal(err)
	}
	return m
}

// A testRun is a program with everything that decides what it does.
type testRun struct {
	name   string
	config Config
	regs   Regs
	until  uint64
}

// testRuns are all programs that run to their end.
func testRuns(t testing.TB) []testRun {
	var runs []testRun
	for _, name := range []string{"calls", "stores", "pac", "exceptions", "aborts"} {
		code := program(t, name)
		run := testRun{name, config(code), startRegs(), codeBase + uint64(len(code))}
		switch name {
		case "pac":
			run.config.PAC = &testKeys
		case "exceptions":
			run.config.Vectors = codeBase
			run.regs.PC = codeBase + 0x800
		case "aborts":
			run.config.Vectors, run.config.DataAborts = codeBase, true
			run.regs.PC = codeBase + 0x800
			run.regs.X[1] = data2Base + data2Size
		}
		runs = append(runs, run)
	}
	return runs
}

func (r testRun) machine(t testing.TB) *Machine { return newMachine(t, r.config, r.regs) }

func (r testRun) record(t testing.TB, mode Mode, chunkSteps int) *Recording {
	t.Helper()
	rec, err := r.machine(t).Record(RunOptions{Until: r.until, Limit: 10000, Mode: mode, ChunkSteps: chunkSteps,
		Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func forEachRun(t *testing.T, test func(t *testing.T, run testRun)) {
	for _, run := range testRuns(t) {
		t.Run(run.name, func(t *testing.T) { test(t, run) })
	}
}

// The programs are kept assembled, so that the tests run without an assembler; where there is one, what is kept must
// be what the sources give.
func TestProgramsAreAssembled(t *testing.T) {
	const assembler, objcopy = "aarch64-linux-gnu-as", "aarch64-linux-gnu-objcopy"
	for _, tool := range []string{assembler, objcopy} {
		testkit.Tool(t, tool)
	}
	sources, err := filepath.Glob("testdata/*.s")
	if err != nil || len(sources) == 0 {
		t.Fatal("no programs", err)
	}
	for _, source := range sources {
		object, program := filepath.Join(t.TempDir(), "o"), filepath.Join(t.TempDir(), "bin")
		for _, command := range [][]string{
			{assembler, "-march=armv8.8-a+mops+memtag+sve", "-o", object, source},
			{objcopy, "-O", "binary", "-j", ".text", object, program},
		} {
			if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", command, err, out)
			}
		}
		code, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		kept := strings.TrimSuffix(source, ".s") + ".bin"
		if *update {
			if err := os.WriteFile(kept, code, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if old, _ := os.ReadFile(kept); !bytes.Equal(old, code) {
			t.Errorf("%s is not what %s gives: run go test -update", kept, source)
		}
	}
}
