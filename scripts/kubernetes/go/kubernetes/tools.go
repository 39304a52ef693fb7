//go:build tools

// Package tools is a module around Kubernetes, which replaces its own parts with folders that are not there outside of its
// repository; each of them is published as well.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
