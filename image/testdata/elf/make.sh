#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds the files of this folder from their sources. With a folder of newer binutils (2.46 or later) as argument,
# relr.so too.
set -eu
cd "$(dirname "$0")"
cross=aarch64-linux-gnu-
flags="-O2 -nostdlib -ffreestanding -fno-asynchronous-unwind-tables"

${cross}as -o relocs.o relocs.s
${cross}as -o names.o names.s
${cross}gcc $flags -fno-unwind-tables -c -g1 -gz=zlib -fno-common -o prog.gz.o prog.c
${cross}gcc $flags -fasynchronous-unwind-tables -static -Wl,-e,entry -Wl,--build-id=none -Wl,-z,max-page-size=4096 -o prog prog.c
${cross}gcc $flags -shared -fPIC -Wl,--build-id=none -Wl,-z,max-page-size=4096 -o lib.so prog.c
if [ $# -gt 0 ]; then
	${cross}gcc -B"$1" $flags -shared -fPIC -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,pack-relative-relocs -o relr.so prog.c
fi

# The addresses are those that the package gives the sections of relocs.o at its default base.
${cross}ld -o relocs.linked -e start --no-relax -z noexecstack -z max-page-size=4096 \
	--section-start=.text=0x10000 --section-start=.text.second=0x10080 --section-start=.rodata=0x11000 \
	--section-start=.data=0x12000 --section-start=.bss=0x12040 --unique=.text.second \
	--defsym=outside=0x123456c --defsym=far=0x7654321 --defsym=small=0x1234 --defsym=big=0xfedcba9876543210 \
	--defsym=number32=0xfedcba98 --defsym=number16=0xfedc --defsym=near=0x12345 relocs.o

for f in relocs.o names.o prog prog.gz.o lib.so relr.so; do
	${cross}readelf -sW -lW "$f" >"$f.readelf"
done
