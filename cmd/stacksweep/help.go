// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"strings"

	"stacksweep/internal/near"
)

// printUsage prints what the program is for, and its verbs.
func printUsage(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprint(&out, "Stacksweep tells, for every instruction of arm64 kernel code, whether an interrupt\nlanding "+
		"there leaves a stack unwinder telling the truth.\n\nUsage:\n")
	listVerbs(&out, "stacksweep", verbs())
	fmt.Fprint(&out, `
'stacksweep help COMMAND' explains a command and its flags. A POINT is scenario[:variant]@step, as
in fgraph/return@591, where a caller is lost; @591/42 is 42 steps into an interrupt taken there.
`)
	_, err := w.Write(out.Bytes())
	return err
}

// The width of a list of verbs, and of its first column.
const helpWidth, usageWidth = 100, 36

// listVerbs lists verbs in two columns: how to call them, and what they do.
func listVerbs(w io.Writer, prefix string, list []*verb) {
	for _, v := range list {
		args, doc := v.args, v.doc
		if v.verbs != nil {
			args, doc = "COMMAND", doc+": "+names(v.verbs, ", ")
		}
		usage := strings.TrimSpace(prefix + " " + v.name + " " + args)
		for i, line := range wrap(doc, helpWidth-usageWidth-4) {
			if i > 0 {
				usage = ""
			}
			if len(usage) > usageWidth {
				fmt.Fprintf(w, "  %s\n", usage)
				usage = ""
			}
			fmt.Fprintf(w, "  %-*s  %s\n", usageWidth, usage, line)
		}
	}
}

// wrap breaks a text into lines of at most this many columns, at blanks.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

func names(list []*verb, separator string) string {
	var all []string
	for _, v := range list {
		all = append(all, v.name)
	}
	return strings.Join(all, separator)
}

func isHelp(arg string) bool {
	switch arg {
	case "help", "-h", "-help", "--help":
		return true
	}
	return false
}

// help explains a verb.
func (c *cli) help(full string, v *verb) error {
	var out bytes.Buffer
	if v.verbs != nil {
		fmt.Fprintf(&out, "Usage:\n")
		listVerbs(&out, "stacksweep "+full, v.verbs)
		fmt.Fprintf(&out, "\n'stacksweep help %s COMMAND' explains one of them.\n", full)
		_, err := c.stdout.Write(out.Bytes())
		return err
	}
	fs := flagSet(v.new())
	flags := ""
	fs.VisitAll(func(*flag.Flag) { flags = " [flags]" })
	fmt.Fprintf(&out, "Usage: stacksweep %s\n  %s\n", strings.TrimSpace(full+flags+" "+v.args), v.doc)
	fs.SetOutput(&out)
	fs.PrintDefaults()
	fmt.Fprint(&out, v.note)
	_, err := c.stdout.Write(out.Bytes())
	return err
}

// helpFor explains what the arguments of help name: the program, a verb, or one of its verbs.
func (c *cli) helpFor(args []string) error {
	if len(args) == 0 {
		return printUsage(c.stdout)
	}
	list, full := verbs(), ""
	var v *verb
	for _, name := range args {
		full = strings.TrimSpace(full + " " + name)
		if v = findVerb(list, name); v == nil {
			return usagef(near.Hint(name, strings.Split(names(list, " "), " "), "'stacksweep help' lists the commands"),
				"no command %q", full)
		}
		list = v.verbs
	}
	return c.help(full, v)
}
