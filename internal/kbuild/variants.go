// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed edits/*.edit
var editFiles embed.FS

// A Variant is a form of the kernel to build.
type Variant struct {
	Name string // as in the kernel's name; of the kernel as it is ""
	Doc  string // one line
	// Edits names the files of edits, of which sframe comes first in every variant.
	Edits []string
	// Annotate says which assembly functions get unwind information.
	Annotate Annotation
}

// Variants lists the forms of the kernel, the plain one first.
func Variants() []Variant {
	return []Variant{
		{Doc: "the kernel as it is: no edit but the tables' place"},
		{Name: "annotate-all", Doc: "every SYM_FUNC_* of the assembly is annotated as a leaf", Annotate: AnnotateAll},
		{Name: "annotate-leaf", Doc: "only those of the assembly that are leaf, as the tool finds", Annotate: AnnotateLeaves},
		{Name: "detect", Doc: "the reliable unwinder refuses a PC inside return_to_handler", Edits: []string{"detect"}},
		{Name: "slot", Doc: "return_to_handler has a record, restores the address into it, then pops with one store", Edits: []string{"peek", "record", "slot"}},
		{Name: "two-calls", Doc: "the same, with the pop in a second C function", Edits: []string{"peek", "record", "two-calls"}},
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

// edits reads the variant's edits. text is all of their files.
func (v *Variant) edits() (edits []Edit, text string, err error) {
	for _, name := range append([]string{"sframe"}, v.Edits...) {
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
