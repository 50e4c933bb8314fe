// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"stacksweep/internal/usage"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/sframe"
	"stacksweep/unwind/tablecheck"
)

// annotation is what the unwind information of the file says of a function.
type annotation string

const (
	annotationNone    annotation = "-"
	annotationLeaf    annotation = "leaf"    // that it is a leaf, which is right
	annotationWrong   annotation = "WRONG"   // that it is a leaf, and following that goes wrong
	annotationRows    annotation = "rows"    // something else
	annotationPartial annotation = "partial" // something, but not of all its instructions
)

// annotate compares each function with what the file's unwind information says of it.
func (r *Report) annotate(subject *tablecheck.Subject) error {
	table, err := r.table(subject)
	if err != nil {
		return err
	}
	for i := range r.Functions {
		f := &r.Functions[i]
		start, end := f.Flow.Addr, f.Flow.Addr+uint64(f.Flow.Size)
		at, isLeaf := start, true
		for _, d := range tablecheck.Covering(table, start, end) {
			f.annotation = annotationRows
			if d.Start > at {
				f.annotation = annotationPartial
			}
			at = d.End
			isLeaf = isLeaf && d.IsLeaf()
		}
		if at < end && f.annotation == annotationRows {
			f.annotation = annotationPartial
		}
		if f.annotation == annotationNone || !isLeaf {
			continue
		}
		if f.annotation == annotationRows {
			f.annotation = annotationLeaf
		}
		for _, d := range tablecheck.Covering(table, start, end) {
			from, to := max(start, d.Start), min(end, d.End)
			for _, j := range f.Flow.Compare(nil, uint32(from-start), uint32(to-start), flow.AnnotatedLeaf) {
				if j.Verdict == flow.Disagrees && f.annotation != annotationWrong {
					f.annotation, f.misleads = annotationWrong, j
				}
			}
		}
	}
	return nil
}

// table is what the unwind information of the image says: SFrame, else DWARF, else nothing.
func (r *Report) table(subject *tablecheck.Subject) ([]tablecheck.Described, error) {
	if addr, data, ok := r.Image.Section(".sframe"); ok && len(data) > 0 {
		s, err := sframe.Decode(data, addr)
		if err != nil {
			return nil, usage.Errorf("", "%s: SFrame: %v", r.Image.Name, err)
		}
		return tablecheck.BySFrame(s)
	}
	if _, err := subject.CallFrames(); err != nil {
		return nil, usage.Errorf("", "%v", err)
	}
	return subject.ByCFI(), nil
}
