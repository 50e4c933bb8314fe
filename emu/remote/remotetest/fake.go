// SPDX-License-Identifier: GPL-2.0-only

// Package remotetest has a GDB stub for tests, whose target is whatever a test makes of it.
package remotetest

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"

	"stacksweep/emu"
)

// A Fake is a stub whose target is a run of NOPs, unless Step and Memory say otherwise. It belongs to the goroutine
// that serves it.
type Fake struct {
	Description string            // of the target; "": the stub has none
	VCont       string            // the answer to vCont?
	Regs        emu.Regs          // as they are now
	System      map[string]uint64 // other 64-bit registers, by name; they come after those of the core
	// Memory fills p with what is at an address, and says whether it can be read; nil: everything is NOPs.
	Memory func(addr uint64, p []byte) bool
	// Step executes an instruction. What it returns is sent as the answer, "Hang" and Raw... excepted; false closes the
	// connection.
	Step func(f *Fake) (answer string, ok bool)
	// Stopped is the answer to a continuation; "" sends none.
	Stopped string
	Steps   int // that were asked for
	system  []string
}

// Answers of Step that are not packets.
const (
	Hang = "hang" // say nothing
	Raw  = "raw " // and the bytes to send unframed
)

const plainDescription = `<target><architecture>aarch64</architecture>` +
	`<feature name="org.gnu.gdb.aarch64.core">%s</feature></target>`

// New returns a stub of an arm64 target that does what it is told. Its system registers are named here; their values
// can be changed later.
func New(system ...string) *Fake {
	var regs strings.Builder
	for i := range 31 {
		fmt.Fprintf(&regs, `<reg name="x%d" bitsize="64"/>`, i)
	}
	regs.WriteString(`<reg name="sp" bitsize="64"/><reg name="pc" bitsize="64"/><reg name="cpsr" bitsize="32"/>`)
	for _, name := range system {
		fmt.Fprintf(&regs, `<reg name="%s" bitsize="64"/>`, name)
	}
	return &Fake{
		Description: fmt.Sprintf(plainDescription, regs.String()), VCont: "vCont;c;C;s;S",
		Regs:   emu.Regs{PC: 0x1000, SP: 0x8000, PState: emu.ModeEL1h},
		System: map[string]uint64{}, system: slices.Clone(system),
		Step: func(f *Fake) (string, bool) { f.Regs.PC += 4; return "T05thread:01;", true },
	}
}

// Serve answers packets until the connection ends, and closes it.
func (f *Fake) Serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		p, err := request(r)
		if err != nil {
			return
		}
		answer, ok := f.answer(p)
		if !ok {
			return
		}
		if answer == Hang {
			continue
		}
		if raw, ok := strings.CutPrefix(answer, Raw); ok {
			_, _ = c.Write([]byte(raw))
			continue
		}
		_, _ = c.Write([]byte(packet(answer)))
	}
}

// request reads a packet, $payload#xx, without what is between packets. What a target is sent in tests needs no
// escapes.
func request(r *bufio.Reader) (string, error) {
	if _, err := r.ReadString('$'); err != nil {
		return "", err
	}
	p, err := r.ReadString('#')
	if err != nil {
		return "", err
	}
	_, err = r.Discard(2)
	return p[:len(p)-1], err
}

func packet(payload string) string {
	var escaped strings.Builder
	for _, c := range []byte(payload) {
		if strings.IndexByte("$#}*", c) >= 0 {
			escaped.WriteByte('}')
			c ^= 0x20
		}
		escaped.WriteByte(c)
	}
	sum := byte(0)
	for _, c := range []byte(escaped.String()) {
		sum += c
	}
	return fmt.Sprintf("$%s#%02x", escaped.String(), sum)
}

func (f *Fake) answer(p string) (string, bool) {
	switch {
	case strings.HasPrefix(p, "qSupported"):
		return "PacketSize=400;qXfer:features:read+;QStartNoAckMode+", true
	case strings.HasPrefix(p, "qXfer:features:read:target.xml:"):
		var offset, n int
		fmt.Sscanf(p, "qXfer:features:read:target.xml:%x,%x", &offset, &n)
		rest := f.Description[min(offset, len(f.Description)):]
		if len(rest) > n {
			return "m" + rest[:n], true
		}
		return "l" + rest, true
	case p == "vCont?":
		return f.VCont, true
	case p == "?":
		return "T05thread:01;", true
	case p == "g":
		return f.registers(), true
	case p[0] == 'p':
		return f.register(p), true
	case p[0] == 'm':
		return f.memory(p), true
	case strings.HasPrefix(p, "Q"), p[0] == 'Z', p[0] == 'z', p[0] == 'D':
		return "OK", true
	case p == "c", p == "vCont;c":
		if f.Stopped == "" {
			return Hang, true
		}
		return f.Stopped, true
	case p == "s", strings.HasPrefix(p, "vCont;s"):
		f.Steps++
		return f.Step(f)
	}
	return "", true
}

func (f *Fake) registers() string {
	var b []byte
	for _, x := range f.Regs.X {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	b = binary.LittleEndian.AppendUint64(b, f.Regs.SP)
	b = binary.LittleEndian.AppendUint64(b, f.Regs.PC)
	b = binary.LittleEndian.AppendUint32(b, uint32(f.Regs.PState))
	return hex.EncodeToString(b)
}

// register answers p: only system registers are asked for one by one.
func (f *Fake) register(p string) string {
	const core = 34
	var n int
	fmt.Sscanf(p, "p%x", &n)
	if n < core || n-core >= len(f.system) {
		return "E01"
	}
	return hex.EncodeToString(binary.LittleEndian.AppendUint64(nil, f.System[f.system[n-core]]))
}

func (f *Fake) memory(p string) string {
	var addr uint64
	var n int
	fmt.Sscanf(p, "m%x,%x", &addr, &n)
	if f.Memory == nil {
		return strings.Repeat("1f2003d5", n/4+1)[:2*n]
	}
	data := make([]byte, n)
	if !f.Memory(addr, data) {
		return "E14"
	}
	return hex.EncodeToString(data)
}
