// SPDX-License-Identifier: GPL-2.0-only

package shard

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// Errors about files of parts. Each comes with the name of the file.
var (
	ErrNoParts = errors.New("not a file of parts of a sweep")
	ErrCorrupt = errors.New("the file is corrupt")
	ErrOther   = errors.New("the file is of another sweep")
	ErrBusy    = errors.New("another sweep writes the file")
)

// version is that of the format. It changes whenever a program could misread what another one has written.
const version = 1

// A Header says of which sweep parts are.
type Header struct {
	Program string   // name and version, for people
	Build   string   // what tells builds apart
	Args    []string // the command line, without what differs between shards
	Targets []string
	Slices  int // of each target
	Shard   Shard
}

// NewHeader makes the header of a sweep.
func NewHeader(program, build string, args []string, targets []verdict.Target, modes []verdict.Mode, s Shard) *Header {
	h := &Header{Program: program, Build: build, Args: args, Slices: slicesOf(s, modes), Shard: s}
	for _, t := range targets {
		h.Targets = append(h.Targets, t.String())
	}
	return h
}

// differs says in what two headers differ, "" if they are of the same sweep. Shards are not compared.
func (h *Header) differs(o *Header) string {
	switch {
	case h.Build != o.Build:
		return fmt.Sprintf("it was written by another build: %s (%.12s), not %s (%.12s)", h.Program, h.Build,
			o.Program, o.Build)
	case !slices.Equal(h.Args, o.Args):
		return fmt.Sprintf("it has another command line: %q, not %q", strings.Join(h.Args, " "),
			strings.Join(o.Args, " "))
	case !slices.Equal(h.Targets, o.Targets):
		return fmt.Sprintf("it has other scenarios: %d, not %d", len(h.Targets), len(o.Targets))
	case h.Slices != o.Slices || h.Shard.Of != o.Shard.Of:
		return fmt.Sprintf("it is one of %d shards, not of %d", max(1, h.Shard.Of), max(1, o.Shard.Of))
	}
	return ""
}

// A File is a file of parts.
type File struct {
	Name   string
	Header Header

	f     *os.File
	mutex sync.Mutex
	parts map[Unit]span
	end   int64
}

// span is where a line lies.
type span struct {
	at     int64
	length int
}

// Create opens a file of parts to be added to. One that is already there must be of the same shard of the same sweep;
// what is incomplete at its end is cut off.
func Create(name string, h *Header) (*File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	file, err := create(f, name, h)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

func create(f *os.File, name string, h *Header) (*File, error) {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, ErrBusy
	}
	file, err := read(f, name)
	switch {
	case errors.Is(err, errEmpty):
		file = &File{Name: name, Header: *h, f: f, parts: map[Unit]span{}}
		if err := f.Truncate(0); err != nil {
			return nil, err
		}
		return file, file.header()
	case err != nil:
		return nil, err
	case file.Header.differs(h) != "":
		return nil, fmt.Errorf("%w: %s", ErrOther, file.Header.differs(h))
	case file.Header.Shard != h.Shard:
		return nil, fmt.Errorf("%w: it is shard %v, not %v", ErrOther, file.Header.Shard, h.Shard)
	}
	return file, f.Truncate(file.end)
}

// Open opens a file of parts for reading.
func Open(name string) (*File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	file, err := read(f, name)
	if errors.Is(err, errEmpty) {
		err = ErrNoParts
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// Add appends a part. Any number of goroutines may do so.
func (f *File) Add(u Unit, p *sweep.Part) error {
	sum, data, err := pack(p)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("part %d %d %s %s\n", u.Target, u.Slice, sum, data)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.parts[u] = span{f.end, len(line)}
	return f.append(line)
}

func (f *File) append(line string) error {
	_, err := f.f.WriteAt([]byte(line), f.end)
	f.end += int64(len(line))
	return err
}

// Has reports whether the file has the part of a unit.
func (f *File) Has(u Unit) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	_, ok := f.parts[u]
	return ok
}

// Missing lists the units of the file's shard that it has no part of.
func (f *File) Missing() (all []Unit) {
	for _, u := range f.Header.units() {
		if !f.Has(u) {
			all = append(all, u)
		}
	}
	return all
}

// Count returns how many parts the file has, and how many its shard has.
func (f *File) Count() (have, all int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return len(f.parts), len(f.Header.units())
}

// Part reads a part.
func (f *File) Part(u Unit) (*sweep.Part, error) {
	line := make([]byte, f.parts[u].length)
	if _, err := f.f.ReadAt(line, f.parts[u].at); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	_, sum, data, err := splitPart(string(line))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	var p sweep.Part
	if err := unpack(sum, data, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return &p, nil
}
