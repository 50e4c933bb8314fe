// SPDX-License-Identifier: GPL-2.0-only

package shard

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
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

// errEmpty says that a file has not even a header: its sweep was killed before it could write one, or never began.
var errEmpty = errors.New("no header")

// read finds the parts of a file.
func read(f *os.File, name string) (*File, error) {
	file := &File{Name: name, f: f, parts: map[Unit]span{}}
	lines := bufio.NewReaderSize(f, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		if err == io.EOF { // what was being written
			if n == 1 && (len(line) == 0 || bytes.HasPrefix(line, []byte(magic)) ||
				bytes.HasPrefix([]byte(magic), line)) {
				return nil, errEmpty
			}
			if n == 1 {
				return nil, ErrNoParts
			}
			return file, nil
		}
		if n == 1 {
			err = file.readHeader(string(line))
		} else {
			err = file.note(string(line))
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		file.end += int64(len(line))
	}
}

const magic = "stacksweep-parts"

func (f *File) readHeader(line string) error {
	fields := strings.Fields(line)
	switch {
	case len(fields) < 2 || fields[0] != magic:
		return ErrNoParts
	case fields[1] != fmt.Sprint(version):
		return fmt.Errorf("%w: format %s of such files is not known here, only %d", ErrNoParts, fields[1], version)
	case len(fields) != 4:
		return ErrCorrupt
	}
	if err := unpack(fields[2], fields[3], &f.Header); err != nil {
		return err
	}
	h := &f.Header
	if h.Slices < 1 || h.Slices > 4*mostShards || h.Shard.Index > h.Shard.Of || h.Shard.Index < 0 || h.Shard.Of > 0 &&
		h.Shard.Index < 1 {
		return fmt.Errorf("%w: shard %v, %d slices", ErrCorrupt, h.Shard, h.Slices)
	}
	return nil
}

// note enters a part that a line has. It only looks at the sum.
func (f *File) note(line string) error {
	u, sum, data, err := splitPart(line)
	switch {
	case err != nil:
		return err
	case sum != checksum(data):
		return fmt.Errorf("%w: the sum is %s, not %s", ErrCorrupt, checksum(data), sum)
	case u.Target < 0 || u.Target >= len(f.Header.Targets) || u.Slice < 0 || u.Slice >= f.Header.Slices ||
		!f.Header.Shard.mine(u):
		return fmt.Errorf("%w: slice %d of target %d is none of shard %v", ErrCorrupt, u.Slice, u.Target,
			f.Header.Shard)
	}
	if _, twice := f.parts[u]; twice {
		return fmt.Errorf("%w: slice %d of target %d is there twice", ErrCorrupt, u.Slice, u.Target)
	}
	f.parts[u] = span{f.end, len(line)}
	return nil
}

func splitPart(line string) (u Unit, sum, data string, err error) {
	fields := strings.Fields(line)
	if len(fields) != 5 || fields[0] != "part" {
		return u, "", "", ErrCorrupt
	}
	if _, err := fmt.Sscan(fields[1]+" "+fields[2], &u.Target, &u.Slice); err != nil {
		return u, "", "", ErrCorrupt
	}
	return u, fields[3], fields[4], nil
}

func (f *File) header() error {
	sum, data, err := pack(&f.Header)
	if err != nil {
		return err
	}
	return f.append(fmt.Sprintf("%s %d %s %s\n", magic, version, sum, data))
}

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

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(data string) string {
	return fmt.Sprintf("%08x", crc32.Checksum([]byte(data), castagnoli))
}

func pack(v any) (sum, data string, err error) {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return "", "", err
	}
	if err := errors.Join(gob.NewEncoder(z).Encode(v), z.Close()); err != nil {
		return "", "", err
	}
	data = base64.StdEncoding.EncodeToString(b.Bytes())
	return checksum(data), data, nil
}

func unpack(sum, data string, v any) error {
	if sum != checksum(data) {
		return fmt.Errorf("%w: the sum is %s, not %s", ErrCorrupt, checksum(data), sum)
	}
	packed, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := gob.NewDecoder(flate.NewReader(bytes.NewReader(packed))).Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}
