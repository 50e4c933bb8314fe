// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// A Config is the configuration of a kernel: a base, and fragments on top of it, of which a later one wins.
//
// The first fragment is always what the program itself needs (configs/base.txt). What that one asks for and a later one
// takes away, by its own lines or by the kernel's rules, is said and not an error, but for what nothing works without.
type Config struct {
	// Base is what the fragments are put on: a file with a complete configuration, or else a target of the kernel's
	// make ("defconfig"); "" is tinyconfig.
	Base      string
	Fragments []Fragment
}

// A Fragment is a list of options: lines as in .config, with or without CONFIG_; # begins a comment, but for
// "# CONFIG_X is not set", which is an option that must be off, as "X=n" is. In front of an option, ? makes one of
// which a kernel may do without, and ! one of the base's that no other fragment may take away.
type Fragment struct {
	Name string // as errors and the kernel's name call it
	Text string
}

// An option is what a configuration must have.
type option struct {
	name, value string // "n" is off
	optional    bool
	needed      bool // whoever takes it away makes a mistake
	base        bool // of the program's own fragment
}

// parseOptions reads a fragment.
func parseOptions(f Fragment) (options []option, err error) {
	for n, line := range strings.Split(f.Text, "\n") {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), " is not set"); ok {
			if name, ok := strings.CutPrefix(name, "# CONFIG_"); ok {
				options = append(options, option{name: name, value: "n"})
				continue
			}
		}
		line := strings.TrimSpace(withoutComment(line))
		if line == "" {
			continue
		}
		o := option{}
		assignment := line
		switch line[0] {
		case '?':
			o.optional, assignment = true, line[1:]
		case '!':
			o.needed, assignment = true, line[1:]
		}
		var ok bool
		o.name, o.value, ok = strings.Cut(strings.TrimPrefix(assignment, "CONFIG_"), "=")
		if !ok || o.value == "" || !isOption(o.name) {
			return nil, fmt.Errorf("%s:%d: %q is not OPTION=VALUE", f.Name, n+1, line)
		}
		options = append(options, o)
	}
	return options, nil
}

// withoutComment cuts off what follows a # that is not inside quotes.
func withoutComment(line string) string {
	quoted := false
	for i, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '#' && !quoted:
			return line[:i]
		}
	}
	return line
}

// isOption reports whether text is the name of an option: capitals, digits and _, and lower case in some.
func isOption(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// options merges the program's own fragment and those of the configuration: each option once, as the last says.
func (c *Config) options() (merged []option, err error) {
	base, err := parseOptions(Fragment{"base", baseFragment})
	if err != nil {
		return nil, err
	}
	for i := range base {
		base[i].base = true
	}
	merged = base
	for _, f := range c.Fragments {
		more, err := parseOptions(f)
		if err != nil {
			return nil, err
		}
		for _, o := range more {
			i := slices.IndexFunc(merged, func(have option) bool { return have.name == o.name })
			if i < 0 {
				merged = append(merged, o)
				continue
			}
			if merged[i].needed && merged[i].value != o.value {
				return nil, fmt.Errorf("%s: %s=%s: a kernel can't be swept without %s=%s", f.Name, o.name, o.value,
					o.name, merged[i].value)
			}
			merged[i] = o
		}
	}
	return merged, nil
}

// fragment is what is appended to a .config to set the options; of two lines about an option the later counts.
func fragment(options []option) string {
	var b strings.Builder
	for _, o := range options {
		if o.value == "n" {
			fmt.Fprintf(&b, "# CONFIG_%s is not set\n", o.name)
		} else {
			fmt.Fprintf(&b, "CONFIG_%s=%s\n", o.name, o.value)
		}
	}
	return b.String()
}

// settings reads a .config: what isn't set is not in it.
func settings(config string) map[string]string {
	set := map[string]string{}
	for line := range strings.Lines(config) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			set[strings.TrimPrefix(name, "CONFIG_")] = value
		}
	}
	return set
}

// checkConfig compares a .config with the options: what the kernel's own rules have switched off again, or on, for want
// of something else that it depends on, is an error that names it. without names the optional ones that are missing,
// and those of the program's own fragment that others have displaced, which displace says may be. declared tells
// whether the kernel's rules know an option at all.
func checkConfig(config string, options []option, displace bool, declared func(string) bool) (
	without []string, err error,
) {
	set := settings(config)
	var lost []string
	for _, o := range options {
		got, ok := set[o.name]
		if !ok {
			got = "n"
		}
		switch {
		case got == o.value:
		case o.optional, displace && o.base && !o.needed:
			without = append(without, o.name)
		case ok || declared(o.name):
			lost = append(lost, fmt.Sprintf("%s is %s, not %s", o.name, got, o.value))
		default:
			lost = append(lost, o.name+" is in no Kconfig file of this source")
		}
	}
	if len(lost) > 0 {
		return nil, fmt.Errorf("the kernel's configuration doesn't take what is asked for: %s",
			strings.Join(lost, "; "))
	}
	return without, nil
}

// appendFile adds text to a file.
func appendFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
