// SPDX-License-Identifier: GPL-2.0-only

package kernels

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stacksweep/internal/debian"
	"stacksweep/internal/dirlock"
)

// suites are where Debian keeps arm64 kernels: those of its oldest supported release, long-term ones, and the current
// ones in the backports of the next release.
var suites = []string{"bookworm", "bookworm-security", "bookworm-updates", "trixie-backports"}

// standard are the series that Fetch takes if the caller names none: each changed what an unwinder meets. The newest
// series of all goes with them.
var standard = []string{"6.1", "6.12", "6.18"}

// Available returns the newest kernel of each series that the machine's Debian mirror offers, oldest series first.
// It is debian.ErrUnavailable if there is no mirror, or it can't be reached.
func Available(ctx context.Context) ([]Entry, error) {
	dir, unlock, err := lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	_, kernels, err := open(ctx, dir)
	return kernels, err
}

// Fetch gets kernels into the cache, and returns them. A name is a series ("6.12") or a release
// ("6.12.117+deb12-cloud-arm64", if it is the newest of its series); without names it is the series that differ most in
// how they are unwound, and the newest. A kernel that is in the cache already is not fetched again.
// The error is debian.ErrUnavailable if the mirror can't be reached.
func Fetch(ctx context.Context, names ...string) ([]Entry, error) {
	dir, unlock, err := lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	source, offered, err := open(ctx, dir)
	if err != nil {
		return nil, err
	}
	wanted, err := choose(offered, names)
	if err != nil {
		return nil, err
	}
	for i, k := range wanted {
		if have, err := Info(k.Series); err == nil && have.Package == k.Package {
			if v, err := source.Version(ctx, k.Package); err == nil && v == have.Version {
				wanted[i] = have
				continue
			}
		}
		if wanted[i], err = fetch(ctx, source, dir, k); err != nil {
			return nil, fmt.Errorf("kernel %s: %w", k.Release, err)
		}
		if err := record(dir, wanted[i]); err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

// lock makes the cache folder and keeps other processes from changing it until unlock is called.
func lock() (dir string, unlock func(), err error) {
	if dir, err = Dir(); err != nil {
		return "", nil, err
	}
	unlock, err = dirlock.Lock(dir, nil)
	return dir, unlock, err
}

// open reads the lists of the mirror.
func open(ctx context.Context, dir string) (*debian.Source, []Entry, error) {
	source, err := debian.Open(ctx, filepath.Join(dir, "apt"), "arm64", suites...)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, prefix := range []string{"linux-image-", "linux-binary-"} {
		n, err := source.Names(ctx, prefix)
		if err != nil {
			return nil, nil, err
		}
		names = append(names, n...)
	}
	return source, newest(names), nil
}

// choose picks the named kernels among those on offer.
func choose(offered []Entry, names []string) ([]Entry, error) {
	if len(offered) == 0 {
		return nil, fmt.Errorf("%w: the mirror has no arm64 kernel in %s", debian.ErrUnavailable,
			strings.Join(suites, ", "))
	}
	if len(names) == 0 {
		last := offered[len(offered)-1].Series
		return slices.DeleteFunc(slices.Clone(offered), func(k Entry) bool {
			return k.Series != last && !slices.Contains(standard, k.Series)
		}), nil
	}
	var chosen []Entry
	for _, name := range names {
		i := slices.IndexFunc(offered, func(k Entry) bool { return k.Series == name || k.Release == name })
		if i < 0 {
			var series []string
			for _, k := range offered {
				series = append(series, k.Series)
			}
			return nil, fmt.Errorf("kernel %s: the mirror has the series %s", name, strings.Join(series, ", "))
		}
		chosen = append(chosen, offered[i])
	}
	return chosen, nil
}

// errHave ends the reading of a package that has given all that was wanted.
var errHave = errors.New("have all")

// fetch gets the Image and the configuration of a kernel. Since 7.2 the configuration is in a package of its own.
func fetch(ctx context.Context, source *debian.Source, dir string, k Entry) (Entry, error) {
	var err error
	if k.Version, err = source.Version(ctx, k.Package); err != nil {
		return Entry{}, err
	}
	home := filepath.Join(dir, k.Release)
	if err := os.MkdirAll(home, 0o755); err != nil {
		return Entry{}, err
	}
	config := "" // its checksum
	take := func(path string, contents io.Reader) error {
		switch path {
		case "/boot/vmlinuz-" + k.Release, "/usr/lib/modules/" + k.Release + "/vmlinuz",
			"/lib/modules/" + k.Release + "/vmlinuz":
			k.Image = filepath.Join(home, "vmlinuz")
			k.Size, k.SHA256, err = save(k.Image, contents)
		case "/boot/config-" + k.Release, "/usr/lib/modules/" + k.Release + "/config",
			"/lib/modules/" + k.Release + "/config":
			k.Config = filepath.Join(home, "config")
			_, config, err = save(k.Config, contents)
		default:
			return nil
		}
		if err == nil && k.Image != "" && k.Config != "" {
			return errHave
		}
		return err
	}
	if err := source.Read(ctx, k.Package+"="+k.Version, take); err != nil && !errors.Is(err, errHave) {
		return Entry{}, err
	}
	if k.Image == "" {
		return Entry{}, fmt.Errorf("package %s has no vmlinuz", k.Package)
	}
	base := "linux-base-" + k.Release
	if k.Config == "" {
		names, err := source.Names(ctx, base)
		if err != nil {
			return Entry{}, err
		}
		if slices.Contains(names, base) {
			if err := source.Read(ctx, base, take); err != nil && !errors.Is(err, errHave) {
				return Entry{}, err
			}
		}
	}
	if k.Config != "" {
		err = k.sum(k.Config, config)
	}
	return k, err
}

// save writes a file, and returns its size and its SHA-256 in hexadecimal.
func save(path string, contents io.Reader) (int64, string, error) {
	tmp := path + ".new"
	f, err := os.Create(tmp)
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), contents)
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(tmp)
		return 0, "", err
	}
	return n, hex.EncodeToString(sum.Sum(nil)), os.Rename(tmp, path)
}

// record puts a kernel into the manifest, in place of an older one of its series, whose files are removed.
func record(dir string, k Entry) error {
	kernels, err := readManifest(dir)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(kernels, func(o Entry) bool { return o.Series == k.Series })
	if i < 0 {
		return writeManifest(dir, append(kernels, k))
	}
	old := kernels[i]
	kernels[i] = k
	if err := writeManifest(dir, kernels); err != nil {
		return err
	}
	if old.Release == k.Release {
		return nil
	}
	return os.RemoveAll(filepath.Join(dir, filepath.Base(filepath.Dir(old.Image))))
}
