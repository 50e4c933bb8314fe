package image

import "slices"

// With returns an image that has another's segments and symbols as well: code of one's own beside a kernel's. Kind,
// sections and types are the first image's. The segments must not overlap.
func (im *Image) With(other *Image) (*Image, error) {
	both := *im
	both.Segments = slices.Concat(im.Segments, other.Segments)
	f := &file{name: other.Name}
	if err := f.arrange(both.Segments, func(Segment) uint64 { return 0 }); err != nil {
		return nil, err
	}
	all := slices.AppendSeq(make([]Symbol, 0, im.Symbols.Len()+other.Symbols.Len()), im.Symbols.All())
	both.Symbols = newSymbols(slices.AppendSeq(all, other.Symbols.All()), both.Segments)
	return &both, nil
}
