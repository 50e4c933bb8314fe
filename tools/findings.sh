#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Writes docs/findings.md, and docs/findings-kernels.md where real kernels are in the cache.
set -eu
cd "$(dirname "$0")/.."

bin/stacksweep findings >bin/findings.md
mv bin/findings.md docs/findings.md

status=0
bin/stacksweep findings -kernels >bin/kernels.md || status=$?
[ $status != 3 ] || exit 0 # no kernel: the message says so
[ $status = 0 ] || exit $status

newest=$(bin/stacksweep kernel list | awk '!NF { exit } !/built of/' | tail -n 1) # what builds have left comes after an empty line
image=${newest##* }
{
	cat <<EOF
## Which assembly of the newest kernel is leaf

\`stacksweep leaf\` on ${newest%% *}, functions of lib and crypto that have such names and that ftrace doesn't patch, which
leaves the assembly. A leaf can be annotated as such, at each of its instructions. What the sweep can call was executed
(\`-confirm\`): before each instruction that was reached the frame was as the class says.

\`\`\`
EOF
	bin/stacksweep leaf -confirm "$image" 'mem[cms]*' 'str[lnr]*' 'strc[hm]*' '__pi_mem*' 'clear_page' 'copy_page' \
		'__arch_c*_user' 'crc*_arm64*' 'crc_t10dif_pmull*' '*_aes_*crypt*' '__aes_*' 'aes_*_block[45]x' '*_aes_mac_update' \
		'sha*_ce_*' 'sha*_block_*' 'pmull*' 'polyval*' '__ashlti3' '__ashrti3' '__lshrti3' |
		grep -v 'patched by ftrace' | sed 's/ *$//'
	echo '```'
	if modules=$(go run ./tools/modules); then
		cat <<'EOF'

The same of modules with assembly in them, of the newest kernel that the mirror had. An address without a name is code that
functions share.

```
EOF
		for module in "$modules"/*.ko; do
			bin/stacksweep leaf "$module" | grep -v 'patched by ftrace\|_module \|^CLASS\|lternatives\|functions:' |
				sed "s/^/$(basename "$module" .ko) /; s/ *$//"
		done
		echo '```'
	fi
} >>bin/kernels.md
mv bin/kernels.md docs/findings-kernels.md
