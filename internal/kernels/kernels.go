// SPDX-License-Identifier: GPL-2.0-only

// Package kernels keeps arm64 kernels in a cache folder, so that real kernel code can be run: unmodified ones of
// Debian, and ones that were built here (internal/kbuild) for what no distribution ships.
//
// Kernels are told apart by their series, "6.12": what an unwinder has to cope with changes between series, not within
// one. Of each series the newest kernel that the mirror has is taken, in the "cloud" flavour, which is the smallest and
// holds a plain Image. Nothing else is fetched without being asked for: List and Info look at the cache only, Available
// and Fetch ask the machine's Debian mirror.
package kernels

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"stacksweep/internal/wholefile"
)

// ErrNotFetched says that the cache lacks a kernel; its text says how to get it.
var ErrNotFetched = errors.New("not in the cache (fetch it first)")

// An Entry is one kernel of the cache: a kernel of Debian's, or one built from source.
type Entry struct {
	Series  string `json:"series"`  // "6.12"; of one that was built its name, "7.3-sframe-gcc12"
	Release string `json:"release"` // what uname -r says: "6.12.117+deb12-cloud-arm64"
	Package string `json:"package"` // the Debian package that has the Image, or the source
	Version string `json:"version"` // the package's version; of a kernel that isn't fetched ""

	// Built says how a kernel was built; nil: it was fetched.
	Built *Built `json:"built,omitempty"`

	// Of a kernel in the cache. The paths are absolute.
	// the kernel's Image, as it was in the package; the vmlinux of one that was built
	Image  string `json:"image,omitempty"`
	SHA256 string `json:"sha256,omitempty"` // of the Image, in hexadecimal
	Size   int64  `json:"size,omitempty"`   // of the Image, in bytes
	Config string `json:"config,omitempty"` // the configuration it was built with; "" if the package had none

	// Of a kernel that was built.
	Boot    string `json:"boot,omitempty"`    // the Image of it, which boots
	Modules string `json:"modules,omitempty"` // the folder of its modules; "" if it has none

	// Sums are SHA-256, in hexadecimal, of the files other than the Image, by their paths from the folder that it is
	// in. Entries of old manifests have none.
	Sums map[string]string `json:"sums,omitempty"`
}

// Built says how a kernel was built.
type Built struct {
	Compiler string `json:"compiler"` // what it says of itself
	Variant  string `json:"variant"`  // "" is the unedited source
	Key      string `json:"key"`      // of all that went into it: of the same key, it need not be built again
}

// Dir is the folder of the cache, which need not exist: stacksweep/kernels in the user's cache folder
// ($XDG_CACHE_HOME, else ~/.cache).
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "stacksweep", "kernels"), nil
}

// manifestName is the file of the cache that lists what is in it. The paths in it are relative to the cache.
const manifestName = "manifest.json"

// List returns the kernels in the cache by series, oldest first. It doesn't read the Images; one that is gone or whose
// size has changed is left out.
func List() ([]Entry, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	listed, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	var there []Entry
	for _, k := range listed {
		if info, err := os.Stat(k.Image); err == nil && info.Size() == k.Size {
			there = append(there, k)
		}
	}
	return there, nil
}

// Fetched returns those of [List] that are a distribution's own.
func Fetched() ([]Entry, error) {
	all, err := List()
	return slices.DeleteFunc(all, func(k Entry) bool { return k.Built != nil }), err
}

// BuiltHere returns those of [List] that were built here.
func BuiltHere() ([]Entry, error) {
	all, err := List()
	return slices.DeleteFunc(all, func(k Entry) bool { return k.Built == nil }), err
}

// Info returns the kernel of a series ("6.12") or release from the cache, after comparing the Image with its checksum.
// Its error is ErrNotFetched if the cache lacks it.
func Info(name string) (Entry, error) {
	list, err := List()
	if err != nil {
		return Entry{}, err
	}
	i := slices.IndexFunc(list, func(k Entry) bool { return k.Series == name || k.Release == name })
	if i < 0 {
		return Entry{}, fmt.Errorf("kernel %s: %w", name, ErrNotFetched)
	}
	k := list[i]
	if err := k.Verify(); err != nil {
		return Entry{}, err
	}
	return k, nil
}

// ErrChanged says that a file of the cache is not what was put there.
var ErrChanged = errors.New("has changed since it was put into the cache")

// Verify compares the kernel's files with their checksums.
func (k *Entry) Verify() error {
	if err := k.verify(k.Image, k.SHA256); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(k.Sums)) {
		path, err := inside(filepath.Dir(k.Image), name)
		if err == nil {
			err = k.verify(path, k.Sums[name])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// verify compares a file with its checksum.
func (k *Entry) verify(path, want string) error {
	got, err := wholefile.SHA256(path)
	if err != nil {
		return fmt.Errorf("kernel %s: %w: %w", k.Series, ErrChanged, err)
	}
	if got != want {
		return fmt.Errorf("kernel %s: %s %w: sha256 %s, not %s", k.Series, path, ErrChanged, got, want)
	}
	return nil
}

// sum notes the checksum of a file other than the Image.
func (k *Entry) sum(path, digest string) error {
	name, err := filepath.Rel(filepath.Dir(k.Image), path)
	if err != nil {
		return err
	}
	if k.Sums == nil {
		k.Sums = map[string]string{}
	}
	k.Sums[name] = digest
	return nil
}

// readManifest reads the list of the kernels in dir, with absolute paths.
func readManifest(dir string) ([]Entry, error) {
	path := filepath.Join(dir, manifestName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kernels []Entry
	if err := json.Unmarshal(text, &kernels); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range kernels {
		k := &kernels[i]
		for _, p := range k.paths() {
			if *p == "" && p != &k.Image {
				continue
			}
			if *p, err = inside(dir, *p); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	// Those of distributions first: the last of them is the newest that people run.
	built := func(k Entry) int {
		if k.Built != nil {
			return 1
		}
		return 0
	}
	slices.SortFunc(kernels, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(built(a), built(b)), compareVersions(a.Series, b.Series))
	})
	return kernels, nil
}

// paths lists where the kernel's files are.
func (k *Entry) paths() []*string { return []*string{&k.Image, &k.Config, &k.Boot, &k.Modules} }

// inside joins a path of the manifest to the cache's, which it must not leave.
func inside(dir, path string) (string, error) {
	if !filepath.IsLocal(path) {
		return "", fmt.Errorf("path %q leaves the cache", path)
	}
	return filepath.Join(dir, path), nil
}

// writeManifest replaces the list of the kernels in dir.
func writeManifest(dir string, kernels []Entry) error {
	relative := slices.Clone(kernels)
	for i := range relative {
		k := &relative[i]
		for _, p := range k.paths() {
			if *p == "" {
				continue
			}
			rel, err := filepath.Rel(dir, *p)
			if err != nil {
				return err
			}
			*p = rel
		}
	}
	text, err := json.MarshalIndent(relative, "", "\t")
	if err != nil {
		return err
	}
	return wholefile.Bytes(filepath.Join(dir, manifestName), append(text, '\n'))
}
