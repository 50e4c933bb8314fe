// SPDX-License-Identifier: GPL-2.0-only

package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestContainer builds the image by buildah, on a base of this machine's busybox, and runs in it what the Kubernetes
// job runs.
func TestContainer(t *testing.T) {
	if _, err := exec.LookPath("buildah"); err != nil || os.Getuid() != 0 {
		t.Skip("SKIP: buildah is not installed, or this isn't root")
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("SKIP: busybox is not installed")
	}
	programs, err := filepath.Glob("../../bin/release/stacksweep-*-linux-amd64/stacksweep")
	if err != nil || len(programs) == 0 {
		t.Skip("SKIP: 'make release' has not made a program")
	}
	storage, context := t.TempDir(), t.TempDir()
	env := []string{"STORAGE_DRIVER=vfs", "BUILDAH_ISOLATION=chroot"}
	buildah := func(arguments string) string {
		t.Helper()
		status, out := sh(t, context, "buildah --root "+storage+"/root --runroot "+storage+"/run "+arguments, env...)
		if status != 0 {
			t.Fatalf("buildah %s: exit status %d\n%s", arguments, status, out)
		}
		return strings.TrimSpace(out)
	}
	for name, data := range map[string][]byte{"program": read(t, programs[len(programs)-1]), "sh": read(t, busybox),
		"Containerfile": read(t, "../../Containerfile")} {
		if err := os.WriteFile(filepath.Join(context, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if status, out := sh(t, context,
		"buildah --root "+storage+"/root --runroot "+storage+"/run from --name base scratch", env...); status != 0 {
		t.Skipf("SKIP: buildah can't make containers here: %s", out)
	}
	buildah("copy base sh /bin/sh")
	buildah("commit -q base localhost/base")
	buildah("build -q --build-arg BASE=localhost/base --build-arg PROGRAM=program -t localhost/stacksweep .")
	buildah("from --pull-never --name run localhost/stacksweep")
	if got := buildah("inspect --format '{{.OCIv1.Config.Entrypoint}}' " +
		"localhost/stacksweep"); got != "[/usr/bin/stacksweep]" {
		t.Errorf("the entry point is %s", got)
	}
	c := kubernetes(t).job.Spec.Template.Spec.Containers[0]
	script := strings.ReplaceAll(c.Args[0], "/parts/", "/")
	out := buildah("run --env SHARDS=1 --env JOB_COMPLETION_INDEX=0 --env SCENARIOS=chain/plain --env 'ARGS=-walker " +
		"v6.12' run -- " + c.Command[0] + " " + c.Command[1] + " '" + script + "'")
	if !strings.Contains(out, "shard 1/1 is complete") {
		t.Errorf("the job's container says\n%s", out)
	}
	if out := buildah("run run -- /bin/sh -c 'exec stacksweep merge /0.sweep'"); !strings.Contains(out,
		" 0 unexpected") {
		t.Errorf("the merge says\n%s", out)
	}
}
