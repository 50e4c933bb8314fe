// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Objects are single objects of a kernel, as its own makefiles make them.
type Objects struct {
	Compiler string // what it says of itself
	Kernel   string // package and version of the source
	List     []Object
}

// An Object is one of them.
type Object struct {
	Name    string // "kernel/sched/core.o"
	command string // the makefiles' own
	dir     string // where it runs
}

// MakeObjects configures a kernel and builds only the named objects of it, and what they need. Those that a build has
// left are taken as they are. Errors are those of Build.
func MakeObjects(ctx context.Context, r Request, names []string) (o Objects, err error) {
	b := &builder{Request: r, started: time.Now()}
	if b.dir, err = Dir(); err != nil {
		return o, err
	}
	if err := b.prepare(ctx); err != nil {
		return o, err
	}
	if err := checkHost(ctx); err != nil {
		return o, err
	}
	o.Compiler, _, _ = strings.Cut(b.tools.versions, "\n")
	o.Kernel = b.source.Package + " " + b.source.Version
	tree := b.tree()
	if o.List, err = made(tree, names); err == nil {
		return o, nil
	}
	if err := locked(b.dir, b.say, func() error {
		if err := b.source.tree.set(b.changes); err != nil {
			return err
		}
		if err := os.MkdirAll(tree, 0o755); err != nil {
			return err
		}
		if err := update(filepath.Join(tree, headerName), []byte(b.header)); err != nil {
			return err
		}
		bin, err := b.crossTools()
		if err != nil {
			return err
		}
		if err := b.configure(ctx, bin); err != nil {
			return err
		}
		return b.run(ctx, bin, 0, names...)
	}); err != nil {
		return o, err
	}
	o.List, err = made(tree, names)
	return o, err
}

// made finds objects in a build tree.
func made(tree string, names []string) (list []Object, err error) {
	for _, name := range names {
		command, err := madeBy(tree, name)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(tree, name)); err != nil {
			return nil, err
		}
		list = append(list, Object{Name: name, command: command, dir: tree})
	}
	return list, nil
}

// savedCommand matches the line of a .cmd file that has the command.
var savedCommand = regexp.MustCompile(`(?m)^(?:savedcmd|cmd)_\S+ := (.+)$`)

// madeBy returns the command that made an object, which the makefiles keep next to it.
func madeBy(tree, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(tree, filepath.Dir(name), "."+filepath.Base(name)+".cmd"))
	if err != nil {
		return "", err
	}
	m := savedCommand.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s: its makefiles have kept no command", name)
	}
	return string(m[1]), nil
}

// Again compiles the object once more, to path: by a compiler, with flags after those of the makefiles.
func (o *Object) Again(ctx context.Context, compiler []string, path string, flags ...string) error {
	command, _, _ := strings.Cut(o.command, " ; ") // what is done to the object afterwards
	_, command, _ = strings.Cut(command, " ")      // the compiler that the makefiles have used
	for i := len(compiler) - 1; i >= 0; i-- {
		command = shellQuote(compiler[i]) + " " + command
	}
	outputs := " -o " + o.Name
	if strings.Count(command, outputs) != 1 || strings.Count(command, "-Wp,-MMD,") != 1 {
		return fmt.Errorf("%s was made by an unknown kind of command: %s", o.Name, command)
	}
	command = strings.Replace(command, outputs, " "+strings.Join(flags, " ")+" -o "+shellQuote(path), 1)
	command = dependencies.ReplaceAllString(command, "-Wp,-MMD,"+shellQuote(path+".d"))
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s: %w: %s", o.Name, err, line)
	}
	return nil
}

var dependencies = regexp.MustCompile(`-Wp,-MMD,\S+`)

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
