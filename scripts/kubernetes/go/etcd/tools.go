//go:build tools

// Package tools is a module around etcd, whose own replaces keep `go install` from building it.
package tools

import _ "go.etcd.io/etcd/server/v3"
