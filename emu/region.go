// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrConfig is wrapped by every complaint of New about a region.
var ErrConfig = errors.New("bad configuration")

// sortedRegions checks the regions and returns a sorted copy.
func sortedRegions(regions []Region) ([]Region, error) {
	if len(regions) == 0 {
		return nil, fmt.Errorf("%w: no regions", ErrConfig)
	}
	sorted := slices.SortedFunc(slices.Values(regions), func(a, b Region) int { return cmp.Compare(a.Base, b.Base) })
	for i, r := range sorted {
		switch {
		case r.Base%PageSize != 0 || r.Size%PageSize != 0:
			return nil, fmt.Errorf("%w: region %v is not aligned to pages of %d bytes", ErrConfig, r, PageSize)
		case r.Size == 0:
			return nil, fmt.Errorf("%w: region %v is empty", ErrConfig, r)
		case r.Base+r.Size-1 < r.Base:
			return nil, fmt.Errorf("%w: region %v wraps around the address space", ErrConfig, r)
		case uint64(len(r.Data)) > r.Size:
			return nil, fmt.Errorf("%w: region %v has %d bytes of data", ErrConfig, r, len(r.Data))
		case r.Perm&^(Read|Write|Exec) != 0 || r.Perm == 0:
			return nil, fmt.Errorf("%w: region %v has permissions %#x", ErrConfig, r, uint8(r.Perm))
		case i > 0 && sorted[i-1].Base+sorted[i-1].Size-1 >= r.Base:
			return nil, fmt.Errorf("%w: regions %v and %v overlap", ErrConfig, sorted[i-1], r)
		}
	}
	return sorted, nil
}
