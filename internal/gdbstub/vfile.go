// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// The file that gdb sees is the program with its symbols, so that a plain "target remote" finds them: gdb asks for the
// program's name (qXfer:exec-file) and then reads it through the connection (gdb manual, "Host I/O Packets").

// File-I/O error numbers ("Errno Values").
const (
	errnoNoEntry  = 2  // ENOENT
	errnoBadFile  = 9  // EBADF
	errnoInvalid  = 22 // EINVAL
	errnoReadOnly = 30 // EROFS
)

// programFD is the only file descriptor; it can be read without being opened.
const programFD = "3"

func fileError(errno int) reply { return answer(fmt.Sprintf("F-1,%x", errno)) }

// file answers the packets vFile:operation:arguments.
func (s *Stub) file(p string) reply {
	_, request, _ := strings.Cut(p, ":")
	operation, text, _ := strings.Cut(request, ":")
	args := strings.Split(text, ",")
	switch operation {
	case "setfs": // whose view of the file system: there is one
		return answer("F0")
	case "open":
		return s.openFile(args)
	case "close":
		if args[0] != programFD {
			return fileError(errnoBadFile)
		}
		return answer("F0")
	case "pread":
		return s.readFile(args)
	case "fstat":
		if args[0] != programFD {
			return fileError(errnoBadFile)
		}
		stat := fileStat(len(s.Program))
		return answer(fmt.Sprintf("F%x;%s", len(stat), stat))
	case "pwrite", "unlink":
		return fileError(errnoReadOnly)
	}
	return unknown
}

// openFile answers vFile:open:name,flags,mode.
func (s *Stub) openFile(args []string) reply {
	name, err := hex.DecodeString(args[0])
	switch {
	case err != nil || len(args) != 3:
		return fileError(errnoInvalid)
	case s.ProgramPath == "" || string(name) != s.ProgramPath:
		return fileError(errnoNoEntry)
	case args[1] != "0": // O_RDONLY
		return fileError(errnoReadOnly)
	}
	return answer("F" + programFD)
}

// readFile answers vFile:pread:fd,count,offset.
func (s *Stub) readFile(args []string) reply {
	if len(args) != 3 {
		return fileError(errnoInvalid)
	}
	if args[0] != programFD {
		return fileError(errnoBadFile)
	}
	count, offset, err := twoNumbers(args[1]+","+args[2], ",")
	if err != nil {
		return fileError(errnoInvalid)
	}
	part := s.Program[min(offset, uint64(len(s.Program))):]
	// A byte may need two characters on the wire, besides the length in front.
	part = part[:min(count, uint64(len(part)), (maxPacket-32)/2)]
	return answer(fmt.Sprintf("F%x;%s", len(part), part))
}

// fileStat is a struct stat of the File-I/O protocol, big-endian: a regular file that may be read ("struct stat").
func fileStat(size int) []byte {
	const regularReadable = 0o100444
	var b []byte
	for _, w := range []uint32{0, 0, regularReadable, 1, 0, 0, 0} { // dev, ino, mode, nlink, uid, gid, rdev
		b = binary.BigEndian.AppendUint32(b, w)
	}
	const blockSize = 512
	for _, w := range []int{size, blockSize, (size + blockSize - 1) / blockSize} { // size, blksize, blocks
		b = binary.BigEndian.AppendUint64(b, uint64(w))
	}
	return append(b, make([]byte, 3*4)...) // atime, mtime, ctime
}
