#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Gives the module a path from which others can install it, in go.mod and in every import:
#
#   tools/module-path.sh example.org/you/stacksweep
set -eu
cd "$(dirname "$0")/.."
new=${1:?the new path of the module is missing}
old=$(go list -m)
go mod edit -module "$new"
git ls-files '*.go' | while IFS= read -r file; do
	case $file in
	deploy/check/* | tools/site/*) continue ;; # modules of their own
	esac
	sed -i "s#\"$old/#\"$new/#g" "$file"
done
gofmt -w $(git diff --name-only -- '*.go')
echo "the module is $new; commit and tag it"
