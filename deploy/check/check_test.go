// SPDX-License-Identifier: GPL-2.0-only

// Package check holds what is deployed against the types of the programs that read it, and runs the shells in it.
package check

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// strict reads a document into a value, and complains about fields that its type doesn't have.
func strict[T any](t *testing.T, text []byte) *T {
	t.Helper()
	v := new(T)
	if err := yaml.UnmarshalStrict(text, v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

type manifests struct {
	config *core.ConfigMap
	job    *batch.Job
	merge  *batch.CronJob
}

func kubernetes(t *testing.T) (m manifests) {
	t.Helper()
	for _, doc := range bytes.Split(read(t, "../kubernetes.yaml"), []byte("\n---\n")) {
		switch {
		case bytes.Contains(doc, []byte("\nkind: ConfigMap\n")):
			m.config = strict[core.ConfigMap](t, doc)
		case bytes.Contains(doc, []byte("\nkind: PersistentVolumeClaim\n")):
			strict[core.PersistentVolumeClaim](t, doc)
		case bytes.Contains(doc, []byte("kind: Job\n")):
			m.job = strict[batch.Job](t, doc)
		case bytes.Contains(doc, []byte("kind: CronJob\n")):
			m.merge = strict[batch.CronJob](t, doc)
		default:
			t.Errorf("an object of another kind:\n%s", doc)
		}
	}
	return m
}

func TestKubernetes(t *testing.T) {
	m := kubernetes(t)
	spec := m.job.Spec
	shards, err := strconv.Atoi(m.config.Data["SHARDS"])
	if err != nil {
		t.Fatal(err)
	}
	if *spec.Completions != int32(shards) || *spec.Parallelism != *spec.Completions ||
		*spec.CompletionMode != batch.IndexedCompletion {
		t.Errorf("%d completions, %d at a time, for %d shards", *spec.Completions, *spec.Parallelism, shards)
	}
	if spec.BackoffLimitPerIndex == nil || spec.Template.Spec.RestartPolicy != core.RestartPolicyNever {
		t.Error("a limit per index needs pods that are never restarted")
	}
	for _, r := range spec.PodFailurePolicy.Rules {
		if *r.OnExitCodes.ContainerName != spec.Template.Spec.Containers[0].Name {
			t.Errorf("a rule for a container %s", *r.OnExitCodes.ContainerName)
		}
	}
}

// The job does what it is for: every index, one of them killed and repeated, and then the merge.
func TestKubernetesShellsRun(t *testing.T) {
	program := stacksweep(t)
	m := kubernetes(t)
	parts := t.TempDir()
	const shards = 3
	env := func(more ...string) []string {
		list := append(os.Environ(), "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"),
			"SHARDS="+strconv.Itoa(shards),
			"SCENARIOS=stale/register:right", "ARGS=-walker v6.12 -format text=/parts/report.txt")
		return append(list, more...)
	}
	run := func(c core.Container, more ...string) {
		t.Helper()
		script := strings.ReplaceAll(c.Args[0], "/parts/", parts+"/")
		cmd := exec.Command(c.Command[0], c.Command[1], script)
		cmd.Env = env(more...)
		for i, v := range cmd.Env {
			cmd.Env[i] = strings.ReplaceAll(v, "=/parts/", "="+parts+"/")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
	}
	sweep := m.job.Spec.Template.Spec.Containers[0]
	for i := range shards {
		run(sweep, "JOB_COMPLETION_INDEX="+strconv.Itoa(i))
	}
	file := filepath.Join(parts, "1.sweep")
	text := read(t, file)
	if err := os.WriteFile(file, text[:len(text)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	run(sweep, "JOB_COMPLETION_INDEX=1")
	run(m.merge.Spec.JobTemplate.Spec.Template.Spec.Containers[0])
	want, err := exec.Command(program, "sweep", "-walker", "v6.12", "stale/register:right").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(parts, "report.txt")); !bytes.Equal(got, want) {
		t.Errorf("the merged report is\n%s\nwant\n%s", got, want)
	}
}

// stacksweep returns the program, as a file of that name.
func stacksweep(t *testing.T) string {
	t.Helper()
	program, err := filepath.Abs("../../bin/stacksweep")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("SKIP: 'make build' has not made bin/stacksweep")
	}
	return program
}

// The job for GitLab is one that GitLab knows, and its script runs.
func TestGitLab(t *testing.T) {
	program := stacksweep(t)
	type job struct {
		Image     string
		Variables map[string]string
		Script    []string
		Artifacts struct {
			When    string
			Paths   []string
			Reports struct {
				JUnit string `json:"junit"`
			}
		}
	}
	jobs := *strict[map[string]job](t, read(t, "../../examples/ci/gitlab.yml"))
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "stacksweep", "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "stacksweep", "bin", "stacksweep")); err != nil {
		t.Fatal(err)
	}
	j := jobs["stacksweep"]
	object := filepath.Join(dir, "twice.o")
	source := "int twice(int n) { return 2 * n; }\nint f(int n) { return twice(n) + 1; }\n"
	gcc := exec.Command("aarch64-linux-gnu-gcc", "-O2", "-fno-inline", "-fno-omit-frame-pointer", "-c", "-x", "c", "-",
		"-o", object)
	gcc.Stdin = strings.NewReader(source)
	if out, err := gcc.CombinedOutput(); err != nil {
		t.Skipf("SKIP: aarch64-linux-gnu-gcc: %v %s", err, out)
	}
	for _, line := range j.Script[1:] { // the first one fetches and builds
		c := exec.Command("bash", "-c", line)
		c.Dir = dir
		c.Env = append(os.Environ(), "OBJECT="+object, "CALL=f(3)")
		out, err := c.CombinedOutput()
		if c.ProcessState.ExitCode() > 1 { // 1: the code is what is judged here
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	for _, name := range append(j.Artifacts.Paths, j.Artifacts.Reports.JUnit) {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("the artifact %s: %v", name, err)
		}
	}
}

// The recipe for a kernel tree, with a tree whose build is a kernel that was fetched: KTAP comes out, and nothing else.
func TestKernelTree(t *testing.T) {
	program := stacksweep(t)
	script, err := filepath.Abs("../../examples/ci/kernel-tree.sh")
	if err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command(program, "kernel", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	image := regexp.MustCompile(`(?m)^(6\.18|7\.[0-9]) .* (/.*)$`).FindSubmatch(list)
	if image == nil {
		t.Skip("SKIP: no kernel is in the cache; 'stacksweep kernel fetch 6.18' gets one")
	}
	tree := t.TempDir()
	makefile := "vmlinux:\n\t@echo building for $(ARCH) with $(CROSS_COMPILE)\n\tmkdir -p $(O) && cp " +
		string(image[2]) + " $(O)/vmlinux\n"
	if err := os.WriteFile(filepath.Join(tree, "Makefile"), []byte(makefile), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(script, "out", "-mode", "sync", "-walker", "v6.17", "kernel/own/fgraph-return")
	c.Dir = tree
	c.Env = append(os.Environ(), "STACKSWEEP="+program)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil && c.ProcessState.ExitCode() != 1 {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	if !strings.Contains(stderr.String(), "building for arm64 with aarch64-linux-gnu-") {
		t.Errorf("the build said\n%s", stderr.Bytes())
	}
	if !bytes.HasPrefix(out, []byte("KTAP version 1\n1..")) ||
		!bytes.Contains(out, []byte("\n  # Subtest: kernel/own/fgraph-return:")) ||
		!bytes.Contains(out, []byte("\n# Totals: pass:")) {
		t.Errorf("the report is\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(tree, "out", "stacksweep.html")); err != nil {
		t.Error(err)
	}
}
