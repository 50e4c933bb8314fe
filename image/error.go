// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Reasons that a caller may want to tell apart with errors.Is. Any other fault of a file is an *Error without one.
var (
	ErrFormat    = errors.New("not a file that holds arm64 code") // neither ELF nor an arm64 Image
	ErrArchive   = errors.New("an archive of files")              // ar's; its members are files of their own
	ErrArch      = errors.New("not little-endian 64-bit AArch64") // ELF of another machine, class or byte order
	ErrNoSymbols = errors.New("no symbols")                       // stripped; nothing in it can be named
	ErrUndefined = errors.New("undefined symbol")                 // an object needs a symbol that was not resolved
	ErrEmpty     = errors.New("no section to load")               // an object without code and data
	ErrNoCode    = errors.New("holds no code")                    // a separate debug file
	ErrOtherFile = errors.New("belongs to another file")          // a debug file with another build ID
	ErrReloc     = errors.New("relocation can't be applied")      // unknown type, or the value doesn't fit
)

// Error is what is wrong with a file, and where.
type Error struct {
	File   string
	Offset uint64 // byte offset in the file of what is wrong
	What   string // what is wrong, one line
	Err    error  // one of the reasons above, an error of a decoder, or nil
}

// Error is one line: FILE: 0xOFFSET: what. Names in it are the file's, which may have anything in them: what isn't
// printable is escaped as in Go.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: 0x%x: %s", escaped(e.File), e.Offset, escaped(e.What))
}

// escaped returns a text with everything escaped that a terminal doesn't print, such as the end of a line.
func escaped(text string) string {
	plain := true // as all of a kernel's 100,000 symbols are
	for i := range len(text) {
		plain = plain && text[i] >= ' ' && text[i] <= '~'
	}
	if plain {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// Unwrap returns the reason, if there is one that a caller can test for.
func (e *Error) Unwrap() error { return e.Err }
