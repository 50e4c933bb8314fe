//go:build !unicorn_static

package uc

// #cgo pkg-config: unicorn
import "C"
