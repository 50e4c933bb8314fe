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
	"strings"
)

// errEmpty says that a file has not even a header: its sweep was killed before it could write one, or never began.
var errEmpty = errors.New("no header")

// read finds the parts of a file.
func read(f *os.File, name string) (*File, error) {
	file := &File{Name: name, f: f, parts: map[Unit]span{}}
	lines := bufio.NewReaderSize(f, 64<<10)
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
