// SPDX-License-Identifier: GPL-2.0-only

package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"stacksweep/internal/dirlock"
)

// Once returns a folder of the project's part of the user's cache, by name, which fill has filled with packages of
// suites for an architecture; "" is the machine's. It is filled once, by one process at a time. What an attempt that
// was stopped has left isn't believed, nor what has changed since: then it is filled anew. What is complete asks for no
// network.
func Once(ctx context.Context, name, arch string, suites []string,
	fill func(src *Source, top string) error) (top string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	top = filepath.Join(cache, "stacksweep", name)
	if checkSeal(top) == nil {
		return top, nil
	}
	unlock, err := dirlock.Lock(top, nil)
	if err != nil {
		return "", err
	}
	defer unlock()
	if checkSeal(top) == nil { // another process has filled it meanwhile
		return top, nil
	}
	if arch == "" {
		out, err := exec.CommandContext(ctx, "dpkg", "--print-architecture").Output()
		if err != nil {
			return "", fmt.Errorf("%w: dpkg: %v", ErrUnavailable, err)
		}
		arch = strings.TrimSpace(string(out))
	}
	src, err := Open(ctx, filepath.Join(top, listName), arch, suites...)
	if err != nil {
		return "", err
	}
	if err := empty(top); err != nil {
		return "", err
	}
	if err := fill(src, top); err != nil {
		return "", err
	}
	return top, writeSeal(top)
}

// empty removes what is in a folder but apt's state.
func empty(top string) error {
	entries, err := os.ReadDir(top)
	for _, e := range entries {
		if e.Name() != listName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(top, e.Name())))
		}
	}
	return err
}

// UnpackOnce returns the folder, below one of the cache, that packages of a suite for arm64 are unpacked in.
func UnpackOnce(ctx context.Context, name, suite string, packages ...string) (root string, err error) {
	top, err := Once(ctx, name, "arm64", []string{suite}, func(src *Source, top string) error {
		return src.Unpack(ctx, filepath.Join(top, "root"), packages...)
	})
	if err != nil {
		return "", err
	}
	return filepath.Join(top, "root"), nil
}
