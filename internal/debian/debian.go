// SPDX-License-Identifier: GPL-2.0-only

// Package debian fetches packages of any Debian suite and architecture without installing them.
//
// It drives the machine's own apt-get with a private state folder, so that the mirror, the proxy and the archive
// keys are those that the machine is configured for: signatures are checked by apt, no host is named here, and
// neither root nor a foreign architecture on the host is needed.
package debian

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// ErrUnavailable says that packages can't be had here: no apt, no configured Debian mirror, or no network.
// Callers that can do without report it as a skip.
var ErrUnavailable = errors.New("no Debian packages to be had here")

// A Source is a private view of some suites of the machine's mirror.
type Source struct {
	dir  string // the private state
	arch string
	env  []string
}

// Open prepares a private apt state below dir for the given architecture ("arm64", "amd64") and suites
// ("sid", "trixie-backports"; a suite whose name ends in "-security" is looked for on the security mirror),
// and updates its package lists.
func Open(ctx context.Context, dir, arch string, suites ...string) (*Source, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	main, security, err := mirrors(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"lists/partial", "cache/archives/partial", "etc/parts", "debs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	var list strings.Builder
	for _, suite := range suites {
		mirror := main
		if strings.HasSuffix(suite, "-security") {
			mirror = security
		}
		if mirror == "" {
			return nil, fmt.Errorf("%w: no mirror configured for suite %s", ErrUnavailable, suite)
		}
		fmt.Fprintf(&list, "deb %s %s main\ndeb-src %s %s main\n", mirror, suite, mirror, suite)
	}
	conf := fmt.Sprintf(`APT::Architecture "%[2]s";
APT::Architectures { "%[2]s"; };
Dir::State::Lists "%[1]s/lists";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s/cache";
Dir::Etc::sourcelist "%[1]s/etc/sources.list";
Dir::Etc::sourceparts "%[1]s/etc/parts";
Acquire::Languages "none";
APT::Sandbox::User "";
`, dir, arch)
	for name, text := range map[string]string{"etc/sources.list": list.String(), "etc/apt.conf": conf, "status": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	s := &Source{dir: dir, arch: arch, env: append(os.Environ(), "APT_CONFIG="+filepath.Join(dir, "etc/apt.conf"),
		"LC_ALL=C")}
	if out, err := s.run(ctx, "apt-get", "-q", "update", "-o", "Acquire::Retries=2"); err != nil {
		return nil, fmt.Errorf("%w: apt-get update: %s", ErrUnavailable, lastLine(out, err))
	}
	return s, nil
}

// mirrors returns the addresses of the machine's own Debian archive and of its security archive ("" if none).
func mirrors(ctx context.Context) (main, security string, err error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(LABEL)",
		"Created-By: Packages").Output()
	if err != nil {
		return "", "", fmt.Errorf("%w: apt-get indextargets: %v", ErrUnavailable, err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		switch uri, suite, label := f[0], f[1], f[2]; {
		case label == "Debian-Security" || strings.HasSuffix(suite, "-security"):
			security = uri
		case label == "Debian":
			main = uri
		}
	}
	if main == "" {
		return "", "", fmt.Errorf("%w: this machine's apt has no Debian archive (or 'apt-get update' was never run)",
			ErrUnavailable)
	}
	return main, security, nil
}

// Names lists the packages whose name starts with prefix, sorted.
func (s *Source) Names(ctx context.Context, prefix string) ([]string, error) {
	out, err := s.run(ctx, "apt-cache", "pkgnames", prefix)
	if err != nil {
		return nil, fmt.Errorf("apt-cache pkgnames: %s", lastLine(out, err))
	}
	names := strings.Fields(string(out))
	sort.Strings(names)
	return names, nil
}

// Closure returns the named packages and all that they depend on, sorted. Where one of several packages would do, all
// of them are listed.
func (s *Source) Closure(ctx context.Context, names ...string) ([]string, error) {
	args := []string{"depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
		"--no-replaces", "--no-enhances"}
	out, err := s.run(ctx, "apt-cache", append(args, names...)...)
	if err != nil {
		return nil, fmt.Errorf("apt-cache depends: %s", lastLine(out, err))
	}
	var all []string
	for line := range strings.Lines(string(out)) {
		name := strings.TrimSpace(line)
		if name == "" || line[0] == ' ' || line[0] == '<' { // what a package depends on; a virtual package
			continue
		}
		all = append(all, name)
	}
	sort.Strings(all)
	return slices.Compact(all), nil
}

// Version returns the version that Unpack would fetch of a package.
func (s *Source) Version(ctx context.Context, name string) (string, error) {
	out, err := s.run(ctx, "apt-cache", "show", "--no-all-versions", name)
	if err != nil {
		return "", fmt.Errorf("apt-cache show %s: %s", name, lastLine(out, err))
	}
	for line := range strings.Lines(string(out)) {
		if v, ok := strings.CutPrefix(line, "Version: "); ok {
			return strings.TrimSpace(v), nil
		}
	}
	return "", fmt.Errorf("apt-cache show %s: no version", name)
}

// Unpack downloads the named packages and unpacks them into root. A package is "name" or "name=version".
func (s *Source) Unpack(ctx context.Context, root string, packages ...string) error {
	return s.download(ctx, packages, func(deb string) error {
		if err := os.MkdirAll(root, 0o755); err != nil {
			return err
		}
		if out, err := s.run(ctx, "dpkg-deb", "-x", deb, root); err != nil {
			return fmt.Errorf("dpkg-deb -x %s: %s", filepath.Base(deb), lastLine(out, err))
		}
		return nil
	})
}

// Read downloads a package ("name" or "name=version") and calls file for each regular file in it, with its absolute
// path. Nothing is written but what file writes.
func (s *Source) Read(ctx context.Context, name string, file func(file string, contents io.Reader) error) error {
	return s.download(ctx, []string{name}, func(deb string) error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
		cmd.Env = s.env
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		err = eachFile(out, file)
		if err != nil {
			stop()
			cmd.Wait()
			return fmt.Errorf("%s: %w", filepath.Base(deb), err)
		}
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("dpkg-deb --fsys-tarfile %s: %v", filepath.Base(deb), err)
		}
		return nil
	})
}

// eachFile calls file for each regular file of a tar archive, and reads the archive to its end.
func eachFile(archive io.Reader, file func(file string, contents io.Reader) error) error {
	t := tar.NewReader(archive)
	for {
		h, err := t.Next()
		if err == io.EOF {
			_, err := io.Copy(io.Discard, archive)
			return err
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := file(path.Clean("/"+h.Name), t); err != nil {
			return err
		}
	}
}

// download fetches packages into a folder of their own and calls use for each.
func (s *Source) download(ctx context.Context, packages []string, use func(deb string) error) error {
	debs, err := os.MkdirTemp(filepath.Join(s.dir, "debs"), "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(debs)
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-q", "download", "-o", "Acquire::Retries=2"},
		packages...)...)
	cmd.Env, cmd.Dir = s.env, debs
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: apt-get download %s: %s", ErrUnavailable, strings.Join(packages, " "),
			lastLine(out, err))
	}
	files, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := use(f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Source) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = s.env
	return cmd.CombinedOutput()
}

// lastLine is what a failed command had to say, in one line.
func lastLine(out []byte, err error) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "E: ") {
			return strings.TrimPrefix(lines[i], "E: ")
		}
	}
	if last := lines[len(lines)-1]; last != "" {
		return last
	}
	return err.Error()
}
