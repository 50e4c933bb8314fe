// SPDX-License-Identifier: GPL-2.0-only

package image

import "slices"

// With returns an image that has another's segments and symbols as well: extra code loaded next to a kernel. Kind,
// sections and types are the first image's. The segments must not overlap.
func (im *Image) With(other *Image) (*Image, error) {
	both := *im
	both.Segments = slices.Concat(im.Segments, other.Segments)
	f := &file{name: other.Name}
	if err := f.arrange(both.Segments, func(Segment) uint64 { return 0 }); err != nil {
		return nil, err
	}
	both.Symbols = newSymbols(slices.Concat(im.Symbols.asRead(), other.Symbols.asRead()), both.Segments)
	return &both, nil
}

// Prefixed returns an image in which symbols that another image has, too, have a prefix in front of their names: so
// that what is loaded next to something else doesn't take its names.
func (im *Image) Prefixed(prefix string, other *Image) *Image {
	prefixed := *im
	var all []Symbol
	for s := range im.Symbols.All() {
		if _, exists := other.Symbols.Lookup(s.Name); exists {
			s.Name = prefix + s.Name
		}
		all = append(all, s)
	}
	prefixed.Symbols = newSymbols(all, im.Segments)
	return &prefixed
}

// asRead returns the symbols with the sizes of code that the file has not told unknown again.
func (t *Symbols) asRead() []Symbol {
	all := slices.Clone(t.all)
	for _, i := range t.guess {
		all[i].Size = 0
	}
	return all
}
