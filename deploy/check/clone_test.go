// SPDX-License-Identifier: GPL-2.0-only

package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// clone makes a clean clone of what is committed.
func clone(t *testing.T) string {
	t.Helper()
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "stacksweep")
	if out, err := exec.Command("git", "clone", "-q", "--no-hardlinks", top, dir).CombinedOutput(); err != nil {
		t.Skipf("SKIP: this is no git repository: %v\n%s", err, out)
	}
	return dir
}

// sh runs a step of a workflow or action, as GitHub's runner does.
func sh(t *testing.T, dir, script string, env ...string) (status int, output string) {
	t.Helper()
	c := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if _, isExit := err.(*exec.ExitError); err != nil && !isExit {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// TestActionOnACleanClone runs the steps of the action in the folder of another project, of an object there: first to
// have a baseline, then with code that is worse, and a comment is asked for. Only what uses other actions is left out.
func TestActionOnACleanClone(t *testing.T) {
	a := strict[action](t, read(t, "../../action.yml"))
	path, project := clone(t), t.TempDir()
	gh := "#!/bin/sh\necho \"$@\" >>gh.log\n"
	if err := os.WriteFile(filepath.Join(project, "gh"), []byte(gh), 0o755); err != nil {
		t.Fatal(err)
	}
	compile := func(flags ...string) {
		t.Helper()
		gcc := exec.Command("aarch64-linux-gnu-gcc",
			append([]string{"-O2", "-fno-optimize-sibling-calls", "-c", "-x", "c", "-", "-o", "code.o"}, flags...)...)
		gcc.Dir = project
		gcc.Stdin = strings.NewReader("__attribute__((noinline)) int f(int *p) { return *p + " +
			"1; }\n__attribute__((noinline)) int g(int a) { int x = a; return f(&x) + x; }\nint h(int a) { return " +
			"g(a) * g(a + 1); }\n")
		if out, err := gcc.CombinedOutput(); err != nil {
			t.Skipf("SKIP: aarch64-linux-gnu-gcc: %v %s", err, out)
		}
	}
	run := func(want int, with map[string]string) (output string) {
		t.Helper()
		inputs := map[string]string{}
		for name, in := range a.Inputs {
			inputs[name] = in.Default
		}
		for name, value := range with {
			inputs[name] = value
		}
		evaluate := func(text string) string {
			for name, value := range inputs {
				text = strings.ReplaceAll(text, "${{ inputs."+name+" }}", value)
			}
			return strings.ReplaceAll(text, "${{ github.event.pull_request.number }}", "7")
		}
		for _, s := range a.Runs.Steps {
			if s.Run == "" {
				continue
			}
			env := []string{"GITHUB_ACTION_PATH=" + path, "GITHUB_OUTPUT=output", "GITHUB_STEP_SUMMARY=summary",
				"PATH=" + project + ":" + os.Getenv("PATH")}
			for name, value := range s.Env {
				env = append(env, name+"="+evaluate(fmt.Sprint(value)))
			}
			status, out := sh(t, project, evaluate(s.Run), env...)
			if expected := map[bool]int{true: want}[s.ID == "sweep"]; status != expected {
				t.Fatalf("%s: exit status %d, want %d\n%s", s.Run, status, expected, out)
			}
			output += out
		}
		return output
	}
	compile("-fno-omit-frame-pointer")
	with := map[string]string{"image": "code.o", "call": "h(3)\ng(1)", "args": "-walker cfi -mode irq"}
	run(0, with)
	if err := os.Rename(filepath.Join(project, "stacksweep-report", "report.jsonl"),
		filepath.Join(project, "baseline.jsonl")); err != nil {
		t.Fatal(err)
	}
	compile("-fomit-frame-pointer")
	with["baseline"] = "baseline.jsonl"
	if out := run(1, with); !strings.Contains(out, "::error title=image/h") {
		t.Errorf("no annotation in\n%s", out)
	}
	if log := string(read(t, filepath.Join(project, "gh.log"))); log != "pr comment 7 --body-file "+
		"stacksweep-report/diff.md\n" {
		t.Errorf("gh was called for %q", log)
	}
	if diff := string(read(t, filepath.Join(project, "stacksweep-report", "diff.md"))); !strings.Contains(diff,
		"**WORSE**") {
		t.Errorf("the comment is\n%s", diff)
	}
	for _, name := range []string{"stacksweep-report/report.html", "stacksweep-report/report.jsonl", "summary",
		"output"} {
		if len(read(t, filepath.Join(project, name))) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

// TestMatrixRuns runs the steps of the workflow of sixteen runners on three: each shard in a clone of its own, and the
// merge.
func TestMatrixRuns(t *testing.T) {
	program := stacksweep(t)
	w := strict[workflow](t, bytes.Replace(read(t, "../github-matrix.yml"), []byte("\non:"), []byte("\n\"on\":"), 1))
	env := []string{"SCENARIOS=stale/register:right", "SHARDS=3", "GITHUB_STEP_SUMMARY=summary"}
	for name, value := range w.Env {
		if name != "SCENARIOS" && name != "SHARDS" {
			env = append(env, fmt.Sprintf("%s=%v", name, value))
		}
	}
	machine := func(parts map[string][]byte) string {
		dir := clone(t)
		if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		parts["bin/stacksweep"] = read(t, program)
		for name, data := range parts {
			// as artifacts come, not executable
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	steps := func(dir, job, shard string) {
		t.Helper()
		for _, s := range w.Jobs[job].Steps {
			if s.Run == "" {
				continue
			}
			script := strings.ReplaceAll(s.Run, "${{ matrix.shard }}", shard)
			if strings.Contains(script, "${{") {
				t.Fatalf("an expression is left in %s", script)
			}
			if status, out := sh(t, dir, script, env...); status != 0 {
				t.Fatalf("%s: exit status %d\n%s", script, status, out)
			}
		}
	}
	parts := map[string][]byte{}
	for _, shard := range []string{"1", "2", "3"} {
		dir := machine(map[string][]byte{})
		steps(dir, "shard", shard)
		parts[shard+".sweep"] = read(t, filepath.Join(dir, shard+".sweep"))
	}
	merged := machine(parts)
	steps(merged, "merge", "")
	whole := t.TempDir()
	if status, out := sh(t, whole, program+" sweep $ARGS $SCENARIOS", env...); status != 0 {
		t.Fatal(out)
	}
	if got, want := read(t, filepath.Join(merged, "report.txt")),
		read(t, filepath.Join(whole, "report.txt")); !bytes.Equal(got, want) {
		t.Errorf("the merged report is\n%s\nwant\n%s", got, want)
	}
	got, want := read(t, filepath.Join(merged, "report.html")), read(t, filepath.Join(whole, "report.html"))
	if !bytes.Equal(got, want) {
		t.Errorf("the merged HTML report differs: %d bytes, want %d", len(got), len(want))
	}
}

// TestInstall publishes a version under another path, in a proxy that is a folder, and installs it from there.
func TestInstall(t *testing.T) {
	const path, version = "example.org/you/stacksweep", "v1.2.3"
	dir := clone(t)
	if status, out := sh(t, dir, "tools/module-path.sh "+path); status != 0 {
		t.Fatalf("module-path.sh: exit status %d\n%s", status, out)
	}
	proxy := t.TempDir()
	at := filepath.Join(proxy, path, "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := modzip.CreateFromDir(&archive, module.Version{Path: path, Version: version}, dir); err != nil {
		t.Fatal(err)
	}
	info, err := json.Marshal(map[string]string{"Version": version, "Time": "2026-01-02T03:04:05Z"})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"list": []byte(version + "\n"), version + ".info": info,
		version + ".mod": read(t, filepath.Join(dir, "go.mod")), version + ".zip": archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(at, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	others, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	// What the program depends on is in the cache of modules already; the version installed goes into one that is
	// thrown away.
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	downloads := "file://" + filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
	env := []string{
		"GOBIN=" + bin, "GOPROXY=file://" + proxy + "," + downloads + "," + strings.TrimSpace(string(others)),
		"GONOSUMDB=example.org",
		"GOFLAGS=-mod=mod -modcacherw", "GOMODCACHE=" + t.TempDir(), "CGO_ENABLED=1",
	}
	if status, out := sh(t, t.TempDir(), "go install "+path+"/cmd/stacksweep@latest", env...); status != 0 {
		t.Fatalf("go install: exit status %d\n%s", status, out)
	}
	installed := filepath.Join(bin, "stacksweep")
	if status, out := sh(t, bin, installed+" -version", env...); status != 0 || !strings.Contains(out, version) {
		t.Errorf("-version: exit status %d: %s, want %s", status, out, version)
	}
	if status, out := sh(t, bin, installed+" sweep -q chain/plain", env...); status != 0 ||
		!strings.Contains(out, " 0 unexpected") {
		t.Errorf("sweep: exit status %d: %s", status, out)
	}
}

// TestReleaseForArm64 runs the program for arm64 that 'make release' has made under qemu-user, on several threads: it
// must say what the one for this machine says.
func TestReleaseForArm64(t *testing.T) {
	programs, err := filepath.Glob("../../bin/release/stacksweep-*-linux-arm64/stacksweep")
	if err != nil || len(programs) == 0 {
		t.Skip("SKIP: 'make release' has not made a program for arm64")
	}
	qemu := ""
	for _, name := range []string{"qemu-aarch64", "qemu-aarch64-static"} {
		if path, err := exec.LookPath(name); err == nil && qemu == "" {
			qemu = path
		}
	}
	if qemu == "" {
		t.Skip("SKIP: qemu-user is not installed; tools/deps.sh tests installs it")
	}
	for _, program := range programs {
		here := strings.Replace(program, "-linux-arm64/", "-linux-amd64/", 1)
		for _, arguments := range []string{"sweep -v -j 4 kretprobe stale pac exception",
			"sweep -v -j 4 -mode irq -deliver taken chain/plain fgraph/resched",
			"sweep -v -mode pairs stale/register:right"} {
			status, got := sh(t, ".", qemu+" "+program+" "+arguments)
			wantStatus, want := sh(t, ".", here+" "+arguments)
			if status != wantStatus || got != want {
				t.Errorf("%s: exit status %d, want %d; %d bytes of output, want %d\n%.2000s", arguments, status,
					wantStatus, len(got), len(want), got)
			}
		}
	}
}

// TestReleaseNamesNoFolder makes sure that the completions and the manual page of a release name no path of the machine
// that made them: it would be wrong elsewhere, and no two machines would make the same archives.
func TestReleaseNamesNoFolder(t *testing.T) {
	files, err := filepath.Glob("../../bin/release/stacksweep-*-linux-*/stacksweep.*")
	if err != nil || len(files) == 0 {
		t.Skip("SKIP: 'make release' has not made anything")
	}
	release, err := filepath.Abs("../../bin/release")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), release) {
			t.Errorf("%s names the folder that it was made in", name)
		}
	}
}
