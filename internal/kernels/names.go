// SPDX-License-Identifier: GPL-2.0-only

package kernels

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
)

// packageName matches the packages that may have a kernel's Image: "linux-image-RELEASE" up to 6.18, and
// "linux-binary-RELEASE" since 6.19, where "linux-image-RELEASE" only depends on it. A release begins with three
// numbers, which sets it apart from packages for a whole series; those for debugging or without a signature have more
// after it.
var packageName = regexp.MustCompile(`^linux-(image|binary)-((\d+\.\d+)\.\d+[-+.~\w]*-cloud-arm64)$`)

// newest picks the newest kernel of each series among the names of packages, oldest series first.
func newest(packages []string) []Entry {
	best := map[string]Entry{}
	for _, name := range packages {
		m := packageName.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		k := Entry{Package: name, Release: m[2], Series: m[3]}
		old, ok := best[k.Series]
		order := compareVersions(k.Release, old.Release)
		if !ok || order > 0 || order == 0 && m[1] == "binary" {
			best[k.Series] = k
		}
	}
	var kernels []Entry
	for _, k := range best {
		kernels = append(kernels, k)
	}
	slices.SortFunc(kernels, func(a, b Entry) int { return compareVersions(a.Series, b.Series) })
	return kernels
}

var pieces = regexp.MustCompile(`\d+|\D+`)

// compareVersions orders versions by their numbers, and as text where they aren't numbers.
func compareVersions(a, b string) int {
	as, bs := pieces.FindAllString(a, -1), pieces.FindAllString(b, -1)
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.ParseUint(as[i], 10, 64)
		y, errY := strconv.ParseUint(bs[i], 10, 64)
		order := cmp.Compare(as[i], bs[i])
		if errX == nil && errY == nil {
			order = cmp.Compare(x, y)
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(len(as), len(bs))
}
