#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds what is published of a version, which is named by a tag: static programs for amd64 and arm64 with libunicorn in
# them, an archive of each with the licence and the documents, the list of what is in them (SBOM, CycloneDX), the corpus as test
# vectors, checksums.
# The same commit gives the same bytes, wherever it is built with the same Go, compiler and libunicorn.
#
#   tools/release.sh [FOLDER [ARCH...]]
set -eu
cd "$(dirname "$0")/.."
out=${1:-bin/release}
[ $# -lt 1 ] || shift
[ $# -gt 0 ] || set -- amd64 arm64
host=$(go env GOHOSTARCH)
version=$(git describe --tags --always --dirty)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH CGO_ENABLED=1
SBOM=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

# Of libunicorn, which has an engine for each architecture, only arm64's is linked in: for the C library, whose objects
# are compiled for small tables of addresses, those of all of them are too many on arm64.
CGO_LDFLAGS=
for engine in arm m68k mips mipsel mips64 mips64el ppc ppc64 riscv32 riscv64 s390 sparc sparc64 tricore x86; do
	for symbol in uc_init context_reg_read context_reg_write; do
		CGO_LDFLAGS="$CGO_LDFLAGS -Wl,--defsym=${engine}_$symbol=0"
	done
done

mkdir -p "$out"
out=$(cd "$out" && pwd)
for arch; do
	name=stacksweep-$version-linux-$arch
	rm -rf "${out:?}/$name"
	mkdir "$out/$name"
	(
		# See emu/internal/uc/buffers_arm64.c.
		[ "$arch" != arm64 ] || CGO_LDFLAGS="$CGO_LDFLAGS -Wl,--wrap=mmap64 -Wl,--wrap=munmap"
		export GOARCH="$arch" CGO_LDFLAGS
		if [ "$arch" != "$host" ]; then
			case $arch in
			arm64) triple=aarch64-linux-gnu ;;
			*) echo "release: no compiler is known that makes programs for $arch on $host" >&2 && exit 1 ;;
			esac
			sysroot=$(GOARCH=$host CGO_LDFLAGS='' go run ./tools/libunicorn)
			export CC="$triple-gcc" PKG_CONFIG_SYSROOT_DIR="$sysroot" PKG_CONFIG_LIBDIR="$sysroot/usr/lib/$triple/pkgconfig"
		fi
		go build -trimpath -buildvcs=false -tags unicorn_static,netgo,osusergo \
			-ldflags "-s -w -buildid= -X main.release=$version -extldflags '-Wl,--build-id=none'" \
			-o "$out/$name/stacksweep" ./cmd/stacksweep
	)
	cp -r LICENSE README.md docs "$out/$name/"
	for kind in completion man; do # as far as the program has them
		if "$out/stacksweep-$version-linux-$host/stacksweep" help "$kind" >/dev/null 2>&1; then
			case $kind in
			man) "$out/stacksweep-$version-linux-$host/stacksweep" man >"$out/$name/stacksweep.1" ;;
			completion)
				for shell in bash zsh fish; do
					"$out/stacksweep-$version-linux-$host/stacksweep" completion "$shell" stacksweep >"$out/$name/stacksweep.$shell"
				done
				;;
			esac
		fi
	done
	# Without a serial number and a time of its own it is the same each time.
	go run "$SBOM" bin -json -noserial -version "$version" -output "$out/$name.cdx.json" "$out/$name/stacksweep"
	go run ./tools/sbom -time "$SOURCE_DATE_EPOCH" "$out/$name.cdx.json" \
		"libunicorn=$(pkg-config --modversion unicorn)=GPL-2.0-only" "glibc=$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)=LGPL-2.1-or-later"
	tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw -C "$out" -cf - "$name" | gzip -n9 >"$out/$name.tar.gz"
done
# The corpus as test vectors, for unwinders elsewhere (testkit).
case " $* " in
*" $host "*)
	name=stacksweep-$version-vectors
	rm -rf "${out:?}/$name"
	"$out/stacksweep-$version-linux-$host/stacksweep" export -o "$out/$name" '*/*' >/dev/null
	tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw -C "$out" -cf - "$name" | gzip -n9 >"$out/$name.tar.gz"
	rm -rf "${out:?}/$name"
	;;
esac
(cd "$out" && sha256sum ./stacksweep-"$version"-*.tar.gz ./stacksweep-"$version"-*.cdx.json | sed 's, \./, ,' >SHA256SUMS)
cat "$out/SHA256SUMS"
