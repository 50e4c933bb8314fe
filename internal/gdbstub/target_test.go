// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/scenarios/corpus"
)

// TestDescription checks that the target description is what the g packet follows.
func TestDescription(t *testing.T) {
	s := stubAtStart(t)
	text := ""
	for more := true; more; {
		part := ask(t, s, fmt.Sprintf("qXfer:features:read:target.xml:%x,100", len(text)))
		more, text = part[0] == 'm', text+part[1:]
	}
	var d struct {
		Architecture string `xml:"architecture"`
		Feature      struct {
			Name string `xml:"name,attr"`
			Regs []struct {
				Name string `xml:"name,attr"`
				Bits int    `xml:"bitsize,attr"`
			} `xml:"reg"`
		} `xml:"feature"`
	}
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if d.Architecture != "aarch64" || d.Feature.Name != "org.gnu.gdb.aarch64.core" || len(d.Feature.Regs) != registers {
		t.Errorf("%s, %s, %d registers", d.Architecture, d.Feature.Name, len(d.Feature.Regs))
	}
	g, one := ask(t, s, "g"), ""
	digits := 0
	for n, r := range d.Feature.Regs {
		digits += r.Bits / 4
		p := ask(t, s, fmt.Sprintf("p%x", n))
		if len(p) != r.Bits/4 {
			t.Errorf("%s has %d bits, and is sent as %q", r.Name, r.Bits, p)
		}
		one += p
	}
	if len(g) != digits || g != one {
		t.Errorf("g is %q\none by one it is %q", g, one)
	}
	if d.Feature.Regs[regFP].Name != "x29" || d.Feature.Regs[regSP].Name != "sp" ||
		d.Feature.Regs[regPC].Name != "pc" || d.Feature.Regs[regCPSR].Name != "cpsr" {
		t.Error("the registers are in another order")
	}
}

// TestProgramFile reads the program as gdb does.
func TestProgramFile(t *testing.T) {
	s := stubAtStart(t)
	var got []byte
	for {
		p := ask(t, s, fmt.Sprintf("vFile:pread:3,4000,%x", len(got)))
		length, part, found := strings.Cut(strings.TrimPrefix(p, "F"), ";")
		if n, err := strconv.ParseInt(length, 16, 0); err != nil || !found || int(n) != len(part) {
			t.Fatalf("%d bytes that are said to be %s", len(part), length)
		}
		if part == "" {
			break
		}
		got = append(got, part...)
	}
	if !bytes.Equal(got, corpus.ELF()) {
		t.Error("it isn't the corpus")
	}
	stat := strings.TrimPrefix(ask(t, s, "vFile:fstat:3"), "F40;")
	if len(stat) != 64 || binary.BigEndian.Uint32([]byte(stat[8:])) != 0o100444 ||
		binary.BigEndian.Uint64([]byte(stat[28:])) != uint64(len(got)) {
		t.Errorf("struct stat is %q", stat)
	}
}

// TestRegistersOfSparseRecordings checks that what was not recorded is called unavailable.
func TestRegistersOfSparseRecordings(t *testing.T) {
	run := stubAtStart(t).Run.Run
	recording := record(t, run, emu.Sparse, 100)
	c := recording.Cursor()
	if err := c.Seek(10); err != nil {
		t.Fatal(err)
	}
	g := allRegisters(c)
	unknown := strings.Repeat("x", 29*16)
	if g[:len(unknown)] != unknown || strings.Contains(g[len(unknown):len(g)-8], "x") || g[len(g)-8:] != "xxxxxxxx" {
		t.Errorf("g is %q", g)
	}
}

// TestReadMemory reads across the end of a region and across a border of pages.
func TestReadMemory(t *testing.T) {
	s := stubAtStart(t)
	m := s.Run.At().Memory()
	r := s.Run.Run.Config.Regions[len(s.Run.Run.Config.Regions)-1]
	end := r.Base + r.Size
	for _, c := range []struct{ addr, size, want uint64 }{
		{end - 16, 16, 16},
		{end - 16, 32, 16},
		{end - emu.PageSize - 8, 16, 16},
		{r.Base, 2 * emu.PageSize, maxPacket / 2},
		{r.Base, 1 << 60, maxPacket / 2},
	} {
		text, ok := readMemory(m, c.addr, c.size)
		want := make([]byte, min(c.want, r.Size))
		if !m.Read(c.addr, want) {
			t.Fatalf("no memory at %#x", c.addr)
		}
		if diff := cmp.Diff(hex.EncodeToString(want), text); diff != "" || !ok {
			t.Errorf("%d bytes at %#x: %v, %s", c.size, c.addr, ok, diff)
		}
	}
	if text, ok := readMemory(m, end, 8); ok || text != "" {
		t.Errorf("after the end there is %q", text)
	}
}
