#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds the release of the current commit twice, in two clones in different folders, under a tag, and compares the
# checksums: the same commit must give the same bytes.
#
#   tools/release-check.sh [ARCH...]
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- amd64 arm64
tag=v0.0.0-check
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# The second one is a clone of the first: the work tree may move on meanwhile.
git clone -q --no-hardlinks . "$tmp/one"
git -C "$tmp/one" tag "$tag"
git clone -q --no-hardlinks "$tmp/one" "$tmp/another/folder"
for clone in one another/folder; do
	"$tmp/$clone/tools/release.sh" "$tmp/$clone/bin/release" "$@" >/dev/null
done
sums=bin/release/SHA256SUMS
diff "$tmp/one/$sums" "$tmp/another/folder/$sums" || {
	echo "release-check: the same commit gives other bytes in another folder" >&2
	exit 1
}
for arch; do
	grep -q " stacksweep-$tag-linux-$arch.tar.gz\$" "$tmp/one/$sums" || {
		echo "release-check: there is no archive for $arch that is named by the tag" >&2
		exit 1
	}
done
(cd "$tmp/one/bin/release" && sha256sum --quiet -c SHA256SUMS)
echo "the same bytes twice"
