// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// userFiles are what a user might have, built from scenarios/userfile/testdata/*.c.
const userFiles = "../../scenarios/userfile/testdata"

// copyImages gives every script the user's files, and files that something is wrong with, in the folder images.
func copyImages(env *testscript.Env) error {
	folder := filepath.Join(env.WorkDir, "images")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, name := range []string{"routines.o", "routines.so", "undefined.o", "undefined.so"} {
		data, err := os.ReadFile(filepath.Join(userFiles, name))
		if err != nil {
			return err
		}
		files[name] = data
	}
	if err := spoil(files); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// spoil adds to the files such that can't be used.
func spoil(files map[string][]byte) error {
	good := files["routines.o"]
	f, err := elf.NewFile(bytes.NewReader(good))
	if err != nil {
		return err
	}
	header := func(section string) int { // file offset of a section's header
		for i, s := range f.Sections {
			if s.Name == section {
				return int(binary.LittleEndian.Uint64(good[0x28:])) + i*64
			}
		}
		panic("routines.o has no section " + section)
	}
	changed := func(change func(data []byte)) []byte {
		data := bytes.Clone(good)
		change(data)
		return data
	}
	put := binary.LittleEndian
	files["empty.o"] = nil
	files["short.o"] = good[:40]
	files["truncated.o"] = good[:len(good)-100]
	files["x86.o"] = changed(func(d []byte) { put.PutUint16(d[18:], uint16(elf.EM_X86_64)) })
	files["bigendian.o"] = changed(func(d []byte) { d[elf.EI_DATA] = byte(elf.ELFDATA2MSB) })
	files["arm32.o"] = changed(func(d []byte) { d[elf.EI_CLASS] = byte(elf.ELFCLASS32) })
	files["core"] = changed(func(d []byte) { put.PutUint16(d[16:], uint16(elf.ET_CORE)) })
	files["nosymbols.o"] = changed(func(d []byte) { put.PutUint32(d[header(".symtab")+4:], uint32(elf.SHT_PROGBITS)) })
	files["toolarge.o"] = changed(func(d []byte) { put.PutUint64(d[header(".text")+32:], 1<<40) })
	files["outside.o"] = changed(func(d []byte) { put.PutUint64(d[header(".text")+24:], 1<<62) })
	files["align.o"] = changed(func(d []byte) { put.PutUint64(d[header(".text")+48:], 3) })
	sframe := int(f.Section(".sframe").Offset)
	files["sframe9.o"] = changed(func(d []byte) { d[sframe+2] = 9 })
	files["sframe2.o"] = changed(func(d []byte) { d[sframe+2] = 2 })
	files["sframemagic.o"] = changed(func(d []byte) { d[sframe] = 0 })
	files["sframecount.o"] = changed(func(d []byte) { put.PutUint32(d[sframe+8:], 1<<31) })
	return nil
}
