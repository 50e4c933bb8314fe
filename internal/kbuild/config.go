// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
)

// options is the configuration, on top of the smallest that there is: lines as in .config, without CONFIG_; # begins a
// comment; "OPTION=n" is an option that must be off, and a ? in front makes one of which a kernel may do without.
//
//go:embed options.txt
var optionsText string

// An option is what a configuration must have.
type option struct {
	name, value string // "n" is off
	optional    bool
}

// parseOptions reads a list of options.
func parseOptions(text string) (options []option, err error) {
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		assignment, optional := strings.CutPrefix(line, "?")
		name, value, ok := strings.Cut(assignment, "=")
		if !ok || name == "" || value == "" {
			return nil, fmt.Errorf("options:%d: %q is not OPTION=VALUE", n+1, line)
		}
		options = append(options, option{name, value, optional})
	}
	return options, nil
}

// fragment is what is put behind a .config to set the options; of two lines about an option the later counts.
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

// checkConfig compares a .config with the options: what the kernel's own rules have switched off again, or on, for want
// of something else that it depends on, is an error that names it. without names the optional ones that are missing.
func checkConfig(config string, options []option) (without []string, err error) {
	set := map[string]string{}
	for line := range strings.Lines(config) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			set[strings.TrimPrefix(name, "CONFIG_")] = value
		}
	}
	var lost []string
	for _, o := range options {
		got, ok := set[o.name]
		if !ok {
			got = "n"
		}
		switch {
		case got == o.value:
		case o.optional:
			without = append(without, o.name)
		default:
			lost = append(lost, fmt.Sprintf("%s is %s, not %s", o.name, got, o.value))
		}
	}
	if len(lost) > 0 {
		return nil, fmt.Errorf("the kernel's configuration doesn't take what is asked for: %s", strings.Join(lost, "; "))
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
