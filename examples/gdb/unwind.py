# SPDX-License-Identifier: GPL-2.0-only
"""Lets gdb unwind for stacksweep.

    stacksweep sweep -walker 'exec:gdb-multiarch -nx -q -batch -x examples/gdb/unwind.py' chain/plain

The script runs inside gdb and speaks the protocol of docs/external-walkers.md on stdin and stdout. It hands every
point to gdb as a core file: registers, stacks and patched code; all else, above all the unwind information,
gdb takes from the image. gdb then unwinds as in any backtrace.

gdb says of no backtrace that it is complete. The script takes one for "reliable" when gdb comes to an end without
complaint, which is when the command "backtrace" prints no "Backtrace stopped".
"""

import base64
import json
import os
import struct
import sys
import tempfile

import gdb

PROTOCOL, VERSION = "stacksweep-walker", 1
MAX_FRAMES = 128  # a corrupt stack can look like one without end

# Core files are ELF. Numbers are from the ELF specification and, of the note, from Linux's elfcore.h.
ET_CORE, EM_AARCH64, PT_LOAD, PT_NOTE, NT_PRSTATUS = 4, 183, 1, 4, 1
EHDR_SIZE, PHDR_SIZE = 64, 56
PRSTATUS_SIZE, PRSTATUS_REGS = 392, 112  # struct elf_prstatus on arm64, and where x0..x30, sp, pc, pstate are in it
PSTATE_EL1H = 5


class Memory:
    """The readable memory: sent whole once, then kept up to date with what changes."""

    def __init__(self):
        self.areas = {}  # start address -> contents

    def update(self, pieces):
        for piece in pieces:
            addr, data = int(piece["addr"], 16), base64.b64decode(piece["data"])
            for start, contents in self.areas.items():
                if start <= addr < start + len(contents):
                    contents[addr - start : addr - start + len(data)] = data
                    break
            else:
                self.areas[addr] = bytearray(data)


def core_file(regs, areas):
    """Returns a core file of a single thread, with areas of memory: pairs of address and contents."""
    prstatus = bytearray(PRSTATUS_SIZE)
    words = [int(x, 16) for x in regs["x"] + [regs["sp"], regs["pc"]]] + [PSTATE_EL1H]
    struct.pack_into("<34Q", prstatus, PRSTATUS_REGS, *words)
    note = struct.pack("<III8s", len("CORE") + 1, len(prstatus), NT_PRSTATUS, b"CORE") + prstatus

    segments = [(PT_NOTE, 0, note)] + [(PT_LOAD, addr, data) for addr, data in areas]
    offset = EHDR_SIZE + PHDR_SIZE * len(segments)
    headers = [
        struct.pack(
            "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", ET_CORE, EM_AARCH64, 1,
            0, EHDR_SIZE, 0, 0, EHDR_SIZE, PHDR_SIZE, len(segments), 0, 0, 0,
        )
    ]
    for kind, addr, data in segments:
        headers.append(struct.pack("<IIQQQQQQ", kind, 6, offset, addr, addr, len(data), len(data), 1))
        offset += len(data)
    return b"".join(headers + [data for _, _, data in segments])


def unwind():
    """Returns the answer that gdb gives with the core file that it has open."""
    frames = []
    last, frame = None, gdb.newest_frame()
    while frame is not None and len(frames) < MAX_FRAMES:
        # Inlined functions and tail calls are frames that gdb deduces from debug information. The stack has none.
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            frames.append(hex(frame.pc()))
        last, frame = frame, frame.older()
    if frame is not None:
        return {"frames": frames, "reliable": False, "error": "more than %d frames" % MAX_FRAMES}
    reason = last.unwind_stop_reason()
    if reason in (gdb.FRAME_UNWIND_NO_REASON, gdb.FRAME_UNWIND_OUTERMOST):
        return {"frames": frames, "reliable": True}
    return {"frames": frames, "reliable": False, "error": gdb.frame_stop_reason_string(reason)}


def prepare(hello):
    """Sets gdb up for an image."""
    for setting in (
        "confirm off",
        "pagination off",
        "debuginfod enabled off",
        "osabi GNU/Linux",  # whose core files these are
        "architecture aarch64",
    ):
        try:
            gdb.execute("set " + setting, to_string=True)
        except gdb.error:
            pass  # gdb is too old to have the setting
    if hello["image"]:
        gdb.execute('file "%s"' % hello["image"], to_string=True)


def serve(lines, answers, path):
    """Answers points until the input ends. path is where the core file may be written."""

    def say(message):
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    hello = json.loads(next(lines))
    if (hello["protocol"], hello["version"]) != (PROTOCOL, VERSION):
        sys.exit("not spoken to in version %d of %s" % (VERSION, PROTOCOL))
    prepare(hello)
    say({
        "type": "hello", "protocol": PROTOCOL, "version": VERSION,
        "name": "gdb " + gdb.VERSION, "keeps_memory": True,
    })
    patches = [(int(p["addr"], 16), base64.b64decode(p["data"])) for p in hello["patches"] or []]
    memory = Memory()
    for line in lines:
        point = json.loads(line)
        memory.update(point["memory"] or [])
        with open(path, "wb") as f:
            f.write(core_file(point["regs"], patches + list(memory.areas.items())))
        try:
            gdb.execute("core-file " + path, to_string=True)
            answer = unwind()
        except gdb.error as e:
            answer = {"frames": [], "reliable": False, "error": str(e)}
        say({"id": point["id"], **answer})


def main():
    # gdb prints to stdout what it likes. It gets stderr instead, so that only answers are read as answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="stacksweep-gdb-") as folder:
        serve(iter(sys.stdin.readline, ""), answers, os.path.join(folder, "core"))


main()
