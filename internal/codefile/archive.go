// SPDX-License-Identifier: GPL-2.0-only

package codefile

import (
	"bytes"
	"strconv"
	"strings"

	"stacksweep/image"
)

// An archive is a magic line, then members at even offsets, each after a header of text (System V ABI, "Archive File"):
//
//	 0           16      28     34     40      48       58
//	┌───────────┬───────┬──────┬──────┬───────┬────────┬────┐
//	│ name      │ time  │ uid  │ gid  │ mode  │ size   │ `\n│
//	└───────────┴───────┴──────┴──────┴───────┴────────┴────┘
//
// The name ends in a slash. "/" and "/SYM64/" are tables of symbols, "//" holds long names, to which "/123" refers by
// their offset. BSD's "#1/N" says that the name is the first N bytes of the contents.
const (
	magic     = "!<arch>\n"
	thinMagic = "!<thin>\n"

	headerSize = 60
	sizeAt     = 48
	endAt      = 58
	headerEnd  = "`\n"
)

// IsArchive reports whether a file is a static archive.
func IsArchive(data []byte) bool {
	return bytes.HasPrefix(data, []byte(magic)) || bytes.HasPrefix(data, []byte(thinMagic))
}

// eachMember calls visit for each member that isn't a table, up to the first error. What is wrong with the archive is
// an [image.Error].
func eachMember(name string, data []byte, visit func(member string, data []byte) error) error {
	fault := func(at int, what string) error { return &image.Error{File: name, Offset: uint64(at), What: what} }
	if bytes.HasPrefix(data, []byte(thinMagic)) {
		return fault(0, "a thin archive: its members are files of their own")
	}
	var long []byte
	for at := len(magic); at < len(data); {
		if len(data)-at < headerSize || string(data[at+endAt:at+headerSize]) != headerEnd {
			return fault(at, "malformed archive: no header of a member here")
		}
		header := data[at : at+headerSize]
		size, err := strconv.ParseUint(strings.TrimRight(string(header[sizeAt:endAt]), " "), 10, 62)
		start := at + headerSize
		if err != nil || size > uint64(len(data)-start) {
			return fault(at+sizeAt, "malformed archive: the member reaches beyond the end of the file")
		}
		contents := data[start : start+int(size) : start+int(size)]
		member := strings.TrimRight(string(header[:16]), " ")
		switch {
		case member == "/" || member == "/SYM64/" || member == "__.SYMDEF":
		case member == "//":
			long = contents
		default:
			if member, contents, err = memberName(member, contents, long); err != nil {
				return fault(at, "malformed archive: "+err.Error())
			}
			if err := visit(member, contents); err != nil {
				return err
			}
		}
		at = start + int(size) + int(size)%2
	}
	return nil
}

type nameError string

func (e nameError) Error() string { return string(e) }

// memberName finds the name of a member, and the contents that follow the name, where the member begins with it.
func memberName(name string, contents, long []byte) (string, []byte, error) {
	if count, ok := strings.CutPrefix(name, "#1/"); ok {
		n, err := strconv.ParseUint(count, 10, 31)
		if err != nil || n > uint64(len(contents)) {
			return "", nil, nameError("the name is longer than the member")
		}
		return strings.TrimRight(string(contents[:n]), "\x00"), contents[n:], nil
	}
	if offset, ok := strings.CutPrefix(name, "/"); ok {
		n, err := strconv.ParseUint(offset, 10, 31)
		if err != nil || n >= uint64(len(long)) {
			return "", nil, nameError("the name of a member is not among the long names")
		}
		text, _, _ := bytes.Cut(long[n:], []byte("\n"))
		return strings.TrimSuffix(string(text), "/"), contents, nil
	}
	return strings.TrimSuffix(name, "/"), contents, nil
}
