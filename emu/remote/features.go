// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// A register of the target: its number in the packets p and P, and its size in bytes.
type register struct{ number, size int }

// The registers of the g packet, in its order (gdb manual, "AArch64 Features": org.gnu.gdb.aarch64.core).
const (
	numX    = 31
	regSP   = 31
	regPC   = 32
	regCPSR = 33

	coreSize = 8*(regPC+1) + 4 // bytes of the g packet that are looked at; CPSR has 32 bits
)

// targetXML is what is read of a target description. Features may be in files of their own, which it includes.
type targetXML struct {
	Architecture string       `xml:"architecture"`
	Includes     []xmlInclude `xml:"include"`
	Features     []xmlFeature `xml:"feature"`
}

type xmlInclude struct {
	File string `xml:"href,attr"`
}

type xmlFeature struct {
	Name      string   `xml:"name,attr"`
	Registers []xmlReg `xml:"reg"`
}

type xmlReg struct {
	Name   string `xml:"name,attr"`
	Bits   int    `xml:"bitsize,attr"`
	Number *int   `xml:"regnum,attr"`
}

// describe asks for the target description and learns the numbers of registers from it.
func (t *Target) describe() error {
	text, err := t.readObject("features", "target.xml")
	if err != nil {
		return err
	}
	var target targetXML
	if err := xml.Unmarshal(text, &target); err != nil {
		return fmt.Errorf("%w: its target description: %w", ErrProtocol, err)
	}
	features := target.Features
	for _, include := range target.Includes {
		text, err := t.readObject("features", include.File)
		if err != nil {
			return err
		}
		var f xmlFeature
		if err := xml.Unmarshal(text, &f); err != nil {
			return fmt.Errorf("%w: its target description, in %s: %w", ErrProtocol, include.File, err)
		}
		features = append(features, f)
	}
	if err := checkArchitecture(target.Architecture, features); err != nil {
		return err
	}
	t.registers = map[string]register{}
	next := 0
	for _, f := range features {
		for _, r := range f.Registers {
			if r.Number != nil {
				next = *r.Number
			}
			t.registers[strings.ToUpper(r.Name)] = register{next, (r.Bits + 7) / 8}
			next++
		}
	}
	for name, number := range map[string]int{"X0": 0, "X30": 30, "SP": regSP, "PC": regPC, "CPSR": regCPSR} {
		if r, ok := t.registers[name]; !ok || r.number != number {
			return fmt.Errorf("%w: register %s isn't number %d", ErrArchitecture, name, number)
		}
	}
	return nil
}

// checkArchitecture accepts a target of 64-bit Arm.
func checkArchitecture(name string, features []xmlFeature) error {
	if name == "aarch64" || strings.HasPrefix(name, "aarch64:") {
		return nil
	}
	for _, f := range features {
		if f.Name == "org.gnu.gdb.aarch64.core" {
			return nil
		}
	}
	if name == "" {
		name = "unnamed"
	}
	return fmt.Errorf("%w: the stub calls it %s", ErrArchitecture, name)
}

// maxObject is more than any target description has.
const maxObject = 1 << 22

// readObject reads an object of the stub's: each answer is "m" and a part of it, or "l" and the last part.
func (t *Target) readObject(kind, annex string) ([]byte, error) {
	var text []byte
	for {
		request := fmt.Sprintf("qXfer:%s:read:%s:%x,%x", kind, annex, len(text), 0xf00)
		answer, err := t.conn.ask(request)
		switch {
		case err != nil:
			return nil, err
		case len(answer) == 0:
			return nil, fmt.Errorf("%w: it has no target description", ErrProtocol)
		case answer[0] != 'm' && answer[0] != 'l', answer[0] == 'm' && len(answer) == 1, len(text) > maxObject:
			return nil, nonsense(request, answer)
		}
		text = append(text, answer[1:]...)
		if answer[0] == 'l' {
			return text, nil
		}
	}
}
