// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"embed"
	"io/fs"
)

//go:embed src/*.c src/*.h src/*.S
var sources embed.FS

// Sources returns what the corpus is built of, in the folder src, as the debug information of [ELF] names it.
func Sources() fs.FS { return sources }
