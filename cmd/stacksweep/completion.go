// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"

	"github.com/muesli/mango"
	"github.com/muesli/roff"
	"github.com/posener/complete/v2"
	"github.com/posener/complete/v2/predict"

	"stacksweep/internal/shell"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// completionNote says how to switch completion on.
const completionNote = `
For bash, put into ~/.bashrc:  eval "$(stacksweep completion bash)"
For zsh, put into ~/.zshrc:    eval "$(stacksweep completion zsh)"
For fish, once:                stacksweep completion fish >~/.config/fish/completions/stacksweep.fish

The shell asks this program, by its path; or PROGRAM, such as "stacksweep" for whichever is on the path.
`

// completionScripts make a shell ask the program itself what a word may go on with: the shell puts the line into
// COMP_LINE. The verb is the program.
var completionScripts = map[string]string{
	"bash": "complete -o bashdefault -o default -C %s stacksweep\n",
	"zsh":  "autoload -U +X bashcompinit && bashcompinit\ncomplete -o nospace -C %s stacksweep\n",
	"fish": "function __complete_stacksweep\n\tset -lx COMP_LINE (commandline -cp)\n\ttest -z (commandline " +
		"-ct)\n\tand set COMP_LINE \"$COMP_LINE \"\n\t%s\nend\ncomplete -f -c stacksweep " +
		"-a \"(__complete_stacksweep)\"\n",
}

func runCompletion(_ context.Context, c *cli, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("for example: stacksweep completion bash",
			"completion takes the name of a shell, and a program if the shell is to ask another")
	}
	script, ok := completionScripts[args[0]]
	if !ok {
		return usagef("there are bash, zsh and fish", "no shell %q", args[0])
	}
	if len(args) == 1 {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		args = append(args, self)
	}
	_, err := fmt.Fprintf(c.stdout, script, shell.Quote(args[1]))
	return err
}

// completeLine answers a shell that completes a line, and ends the program, if it was called for that.
func completeLine() {
	line := os.Getenv("COMP_LINE")
	if line == "" {
		return
	}
	if _, err := strconv.Atoi(os.Getenv("COMP_POINT")); err != nil { // where the cursor is: fish doesn't say
		os.Setenv("COMP_POINT", strconv.Itoa(len(line)))
	}
	root := &complete.Command{Sub: map[string]*complete.Command{}}
	for _, v := range verbs() {
		root.Sub[v.name] = completionOf(v)
	}
	complete.Complete("stacksweep", root)
}

// completionOf describes a verb: its flags, with the values of those that take names, and scenarios as arguments.
func completionOf(v *verb) *complete.Command {
	cmd := &complete.Command{Sub: map[string]*complete.Command{}, Flags: map[string]complete.Predictor{}}
	for _, sub := range v.verbs {
		cmd.Sub[sub.name] = completionOf(sub)
	}
	if v.new == nil {
		return cmd
	}
	flagSet(v.new()).VisitAll(func(f *flag.Flag) { cmd.Flags[f.Name] = valuesOf(f.Name) })
	switch v.name {
	case "sweep", "show", "step", "gdb", "list":
		var names predict.Set
		for _, s := range corpus.All() {
			names = append(names, s.Name)
		}
		cmd.Args = names
	case "completion":
		cmd.Args = predict.Set{"bash", "zsh", "fish"}
	default:
		cmd.Args = predict.Files("*")
	}
	return cmd
}

// valuesOf says what a flag may be followed by.
func valuesOf(name string) complete.Predictor {
	switch name {
	case "walker", "agree":
		return predict.Set(append(registry.Names(append(registry.All(), registry.Native()...)), "all"))
	case "mode":
		names := predict.Set{"all"}
		for _, m := range verdict.AllModes() {
			names = append(names, m.String())
		}
		return names
	case "format":
		return predict.Set(formats)
	case "deliver":
		return predict.Set{"overlay", "taken"}
	case "image", "expect", "resume", "o", "debug":
		return predict.Files("*")
	}
	return predict.Nothing
}

// runMan prints the manual page.
func runMan(_ context.Context, c *cli, args []string) error {
	if len(args) > 0 {
		return usagef("'stacksweep help COMMAND' explains one command", "man takes no arguments")
	}
	page := mango.NewManPage(1, "stacksweep",
		"tell whether stack unwinders tell the truth at every instruction of arm64 kernel code").
		WithLongDescription("Stacksweep executes arm64 kernel code, interrupts it before every instruction, lets "+
			"models of the kernel's stack unwinder walk, and compares each walk with the true call stack.").
		WithSection("Points", "A POINT is scenario[:variant]@step, as in fgraph/return@591; @591/42 is 42 steps into "+
			"an interrupt taken there. Instead of a step there may be symbol[+offset][#n].").
		WithSection("Exit status", "0: all as expected. 1: something was not. 2: bad usage or input. 3: nothing could "+
			"run. 4: the machine is at fault. 130: Ctrl-C.").
		WithSection("Environment",
			"NO_COLOR: no colours. XDG_CACHE_HOME: where kernels and symbol files are kept, else ~/.cache.")
	for _, v := range verbs() {
		if err := page.Root.AddCommand(manOf(v)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(c.stdout, page.Build(roff.NewDocument()))
	return err
}

func manOf(v *verb) *mango.Command {
	cmd := mango.NewCommand(v.name, v.doc, v.args)
	for _, sub := range v.verbs {
		_ = cmd.AddCommand(manOf(sub)) // fails for a name that is there twice
	}
	if v.new != nil {
		flagSet(v.new()).VisitAll(func(f *flag.Flag) {
			_, doc := flag.UnquoteUsage(f)
			_ = cmd.AddFlag(mango.Flag{Name: f.Name, Usage: doc})
		})
	}
	return cmd
}
