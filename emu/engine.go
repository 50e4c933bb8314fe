// SPDX-License-Identifier: GPL-2.0-only

package emu

import "stacksweep/emu/internal/uc"

// Engine names the emulator that executes code, with its version.
func Engine() string { return "Unicorn " + uc.Version() }
