// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

//go:embed edits/*.edit
var editFiles embed.FS

// A Variant is a form of the kernel to build.
type Variant struct {
	Name string // as in the kernel's name; "" for the unedited kernel
	Doc  string // one line
	// Edits names the files of edits, which come after those that every kernel is built with.
	Edits []string
	// Annotate says which assembly functions get unwind information.
	Annotate Annotation
}

// Variants lists the forms of the kernel, the plain one first.
func Variants() []Variant {
	return []Variant{
		{Doc: "the unmodified kernel: no edit but a place for the tables"},
		{Name: "annotate-all", Doc: "every SYM_FUNC_* of the assembly is annotated as a leaf", Annotate: AnnotateAll},
		{Name: "annotate-leaf", Doc: "only those of the assembly that are leaf, as the tool finds",
			Annotate: AnnotateLeaves},
		{Name: "detect", Doc: "the reliable unwinder refuses a PC inside return_to_handler", Edits: []string{"detect"}},
		{Name: "record", Doc: "return_to_handler has a frame record, and restores the address into it; the handler " +
			"pops as it did", Edits: []string{"record"}},
		{Name: "slot", Doc: "the same, and return_to_handler pops, with one store, once the address is restored",
			Edits: []string{"record", "peek", "slot"}},
		{Name: "two-calls", Doc: "the same, with the pop in a second C function",
			Edits: []string{"record", "peek", "two-calls"}},
		{Name: "loop", Doc: "the unwinder recovers again what a kretprobe has kept, which may be return_to_handler",
			Edits: []string{"loop"}},
		{Name: "record-loop", Doc: "record and loop together", Edits: []string{"record", "loop"}},
		{Name: "reader", Doc: "the reliable unwinder crosses exceptions by the kernel's SFrame table",
			Edits: []string{"reader"}},
	}
}

// FindVariant returns the variant of a name.
func FindVariant(name string) (Variant, error) {
	all := Variants()
	if i := slices.IndexFunc(all, func(v Variant) bool { return v.Name == name }); i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, v := range all[1:] {
		names = append(names, v.Name)
	}
	return Variant{}, fmt.Errorf("no variant %q: there are %s", name, strings.Join(names, ", "))
}

// ownSection matches a linker script's own section of tables.
var ownSection = regexp.MustCompile(`(?m)^\s*\.sframe\b[^*\n]*:`)

// linkerScripts are where a kernel may have it.
var linkerScripts = []string{"arch/arm64/kernel/vmlinux.lds.S", "include/asm-generic/vmlinux.lds.h"}

// edits reads the variant's edits, after those for the tables: a source that has a section for them keeps it, and an
// assembler that makes none needs none. text is all of their files.
func (v *Variant) edits(source fs.FS, sframe bool) (edits []Edit, text string, err error) {
	names := []string{"eh_frame"}
	if sframe {
		placed := false
		for _, script := range linkerScripts {
			text, err := fs.ReadFile(source, script)
			placed = placed || err == nil && ownSection.Match(text)
		}
		if !placed {
			names = append(names, "sframe")
		}
	}
	return v.read(names)
}

// read reads files of edits, and then the variant's. text is all of them.
func (v *Variant) read(first []string) (edits []Edit, text string, err error) {
	for _, name := range append(slices.Clone(first), v.Edits...) {
		file := "edits/" + name + ".edit"
		data, err := editFiles.ReadFile(file)
		if err != nil {
			return nil, "", err
		}
		more, err := ParseEdits(file, string(data))
		if err != nil {
			return nil, "", err
		}
		edits = append(edits, more...)
		text += string(data)
	}
	return edits, text, nil
}
