// SPDX-License-Identifier: GPL-2.0-only

// Package codefile reads the files that users want looked at, not run: ELF files of all kinds, kernel Images, and
// static archives of objects, perhaps with the separate debug file of a stripped one.
package codefile

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"stacksweep/image"
)

// A File is code: a file of its own, or a member of an archive.
type File struct {
	Name  string // libc.a(strlen.o) for a member
	Data  []byte // the ELF file, or kernel Image
	Image *image.Image
}

// Options say how files are read.
type Options struct {
	Debug string // the path of a separate debug file; "" for none
}

// Where what an object refers to but doesn't define is said to be: within reach of every branch from the first 64 MiB
// after image.ObjectBase. Nothing is there.
const firstStub, stubSize = 0x4000000, 16

// Parse reads a file of code that isn't an archive; name is for messages.
func Parse(name string, data []byte, o Options) (*File, error) {
	stubs := map[string]uint64{}
	options := []image.Option{image.Static(), image.Resolve(func(name string) (uint64, bool) {
		if _, ok := stubs[name]; !ok {
			stubs[name] = firstStub + uint64(len(stubs))*stubSize
		}
		return stubs[name], true
	})}
	if o.Debug != "" {
		debug, err := os.ReadFile(o.Debug)
		if err != nil {
			return nil, err
		}
		options = append(options, image.Debug(o.Debug, debug))
	}
	im, err := image.Parse(name, data, options...)
	if err != nil {
		return nil, err
	}
	return &File{name, data, im}, nil
}

// ErrNoMember says that an archive has no member with code.
var ErrNoMember = errors.New("no member of the archive holds arm64 code")

// Each calls visit for the file, or for each member of it that holds code if it is an archive, up to the first error.
// Members that are no ELF files, and objects without anything to load, are passed over.
func Each(name string, data []byte, o Options, visit func(*File) error) error {
	if !IsArchive(data) {
		f, err := Parse(name, data, o)
		if err != nil {
			return err
		}
		return visit(f)
	}
	if o.Debug != "" {
		return fmt.Errorf("%s: an archive has no separate debug file", name)
	}
	found := false
	err := eachMember(name, data, func(member string, data []byte) error {
		if !bytes.HasPrefix(data, []byte("\x7fELF")) {
			return nil
		}
		f, err := Parse(fmt.Sprintf("%s(%s)", name, member), data, o)
		if errors.Is(err, image.ErrEmpty) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		return visit(f)
	})
	if err == nil && !found {
		err = fmt.Errorf("%s: %w", name, ErrNoMember)
	}
	return err
}
