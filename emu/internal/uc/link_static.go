// SPDX-License-Identifier: GPL-2.0-only

//go:build unicorn_static

package uc

// #cgo pkg-config: --static unicorn
// #cgo LDFLAGS: -static
import "C"
