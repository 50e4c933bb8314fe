// SPDX-License-Identifier: GPL-2.0-only

//go:build !unicorn_static

package uc

// #cgo pkg-config: unicorn
import "C"
