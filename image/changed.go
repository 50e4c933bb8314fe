// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"slices"
)

// A Change is bytes that memory holds instead of what the image has there.
type Change struct {
	Addr uint64
	Data []byte
}

// Changed returns an image with other contents at some places, which must lie in segments: what code has written before
// the first instruction that is of interest runs. The image itself is not changed.
func (im *Image) Changed(changes []Change) (*Image, error) {
	now := *im
	now.Segments = slices.Clone(im.Segments)
	now.sections = slices.Clone(im.sections)
	copied := map[int]bool{}
	for _, c := range changes {
		i := slices.IndexFunc(now.Segments, func(s Segment) bool { return s.Contains(c.Addr) })
		if i < 0 || uint64(len(c.Data)) > now.Segments[i].End()-c.Addr {
			f := &file{name: im.Name}
			return nil, f.errorf(0, "0x%x bytes at 0x%x lie in no segment", len(c.Data), c.Addr)
		}
		s := &now.Segments[i]
		end := c.Addr - s.Addr + uint64(len(c.Data))
		if !copied[i] {
			copied[i] = true
			s.Data = bytes.Clone(s.Data)
		}
		if grow := int(end) - len(s.Data); grow > 0 { // what was zero, and in no file
			s.Data = append(s.Data, make([]byte, grow)...)
		}
		copy(s.Data[c.Addr-s.Addr:], c.Data)
	}
	for i := range now.sections { // their bytes are those of the segments
		s := &now.sections[i]
		seg, ok := find(now.Segments, s.addr)
		if !ok || s.addr == 0 || len(s.data) == 0 {
			continue
		}
		if off := s.addr - seg.Addr; off+uint64(len(s.data)) <= uint64(len(seg.Data)) {
			n := uint64(len(s.data))
			s.data = seg.Data[off : off+n : off+n]
		}
	}
	return &now, nil
}
