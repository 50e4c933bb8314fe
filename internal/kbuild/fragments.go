// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// baseFragment is what every kernel built here has on top of the smallest possible configuration.
//
//go:embed configs/base.txt
var baseFragment string

//go:embed configs/*.txt
var configFiles embed.FS

// Fragments lists the fragments that the program brings along, by name.
func Fragments() []Fragment {
	entries, err := configFiles.ReadDir("configs")
	if err != nil {
		panic(err) // they are part of the program
	}
	var all []Fragment
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".txt")
		text, err := configFiles.ReadFile("configs/" + e.Name())
		if err != nil {
			panic(err)
		}
		if name != "base" {
			all = append(all, Fragment{name, string(text)})
		}
	}
	return all
}

// Doc is what the comment at the beginning of the fragment says, in one line.
func (f Fragment) Doc() string {
	var words []string
	for line := range strings.Lines(f.Text) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		words = append(words, strings.Fields(comment)...)
	}
	return strings.Join(words, " ")
}

// FindFragment returns a fragment that the program brings along, or else reads a file.
func FindFragment(name string) (Fragment, error) {
	all := Fragments()
	if i := slices.IndexFunc(all, func(f Fragment) bool { return f.Name == name }); i >= 0 {
		return all[i], nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		var names []string
		for _, f := range all {
			names = append(names, f.Name)
		}
		return Fragment{}, fmt.Errorf("%w (and no fragment that comes along is called so: there are %s)", err,
			strings.Join(names, ", "))
	}
	base := filepath.Base(name)
	return Fragment{strings.TrimSuffix(base, filepath.Ext(base)), string(text)}, nil
}

// OptionFragment makes a fragment of options as a command line has them: "LIVEPATCH=y,PREEMPT_LAZY=n".
func OptionFragment(options string) (Fragment, error) {
	f := Fragment{"options", strings.Join(strings.Split(options, ","), "\n")}
	parsed, err := parseOptions(f)
	if err != nil {
		return f, err
	}
	var names []string
	for _, o := range parsed {
		names = append(names, strings.ToLower(o.name))
		if o.value != "y" {
			names[len(names)-1] += "-" + o.value
		}
	}
	f.Name = strings.Join(names, "-")
	return f, nil
}
