// The same rule as a service for Envoy's ext_authz filter, over HTTP/1.1, with the standard library only.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const challenge = `Bearer error="insufficient_scope", scope="hello:call"`

var greeting = regexp.MustCompile(`^Hello, .*!$`)

type message struct {
	Method string `json:"method"`
	Params struct {
		Name      string `json:"name"`
		Arguments struct {
			Text *string `json:"text"`
		} `json:"arguments"`
	} `json:"params"`
}

func decide(answer http.ResponseWriter, request *http.Request) {
	var call message
	body, err := io.ReadAll(request.Body)
	if err != nil || json.Unmarshal(body, &call) != nil || call.Method == "" {
		answer.WriteHeader(http.StatusBadRequest)
		return
	}
	if call.Method != "tools/call" {
		return
	}
	text := call.Params.Arguments.Text
	if call.Params.Name != "hello" || text == nil || !greeting.MatchString(*text) {
		answer.WriteHeader(http.StatusForbidden)
		return
	}
	var claims struct {
		Scope string `json:"scope"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(request.Header.Get("x-jwt-payload"))
	if err != nil || json.Unmarshal(payload, &claims) != nil || !slices.Contains(strings.Fields(claims.Scope), "hello:call") {
		answer.Header().Set("www-authenticate", challenge)
		answer.WriteHeader(http.StatusForbidden)
	}
}

// Prints the port it listens on.
func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, http.HandlerFunc(decide)))
}
