// The Go SDK: plays sessions ("play") or reads challenges ("parse"); JSON on standard input and output.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// A call of a tool, or with Ask "tools" a list to its last page, or with "changed" a wait for the news that it changed.
type call struct {
	Ask       string            `json:"ask"`
	Tool      string            `json:"tool"`
	Arguments map[string]any    `json:"arguments"`
	Tamper    map[string]string `json:"tamper"`
}

type session struct {
	URL   string `json:"url"`
	Era   string `json:"era"`
	Calls []call `json:"calls"`
}

type task struct {
	Token    string    `json:"token"`
	Sessions []session `json:"sessions"`
}

type shown struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Details any    `json:"details"`
}

type outcome struct {
	Text    string   `json:"text,omitempty"`
	Tools   []string `json:"tools,omitempty"`
	Changed *bool    `json:"changed,omitempty"`
	Error   *shown   `json:"error,omitempty"`
}

// tampering adds the token, if there is one, and overwrites headers as a proxy would.
type tampering struct {
	token  string
	tamper map[string]string
}

func (t *tampering) RoundTrip(request *http.Request) (*http.Response, error) {
	changed := request.Clone(request.Context())
	if t.token != "" {
		changed.Header.Set("Authorization", "Bearer "+t.token)
	}
	for name, value := range t.tamper {
		changed.Header.Set(name, value)
	}
	return http.DefaultTransport.RoundTrip(changed)
}

func playSession(token string, s session) ([]outcome, error) {
	ctx := context.Background()
	on := &tampering{token: token}
	changes := make(chan struct{}, 16)
	client := mcp.NewClient(&mcp.Implementation{Name: "scopegate-tests", Version: "1.0.0"}, &mcp.ClientOptions{
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) { changes <- struct{}{} },
	})
	options := &mcp.ClientSessionOptions{}
	if s.Era == "legacy" {
		options.ProtocolVersion = "2025-11-25"
	}
	transport := &mcp.StreamableClientTransport{Endpoint: s.URL, HTTPClient: &http.Client{Transport: on}}
	if token == "" {
		handler, err := oauthHandler()
		if err != nil {
			return nil, err
		}
		transport.OAuthHandler = handler
	}
	connected, err := client.Connect(ctx, transport, options)
	if err != nil {
		return nil, err
	}
	defer connected.Close()
	var outcomes []outcome
	for _, c := range s.Calls {
		on.tamper = c.Tamper
		if c.Ask != "" {
			outcomes = append(outcomes, answerTo(ctx, c.Ask, connected, changes))
			continue
		}
		result, err := connected.CallTool(ctx, &mcp.CallToolParams{Name: c.Tool, Arguments: c.Arguments})
		if err != nil {
			outcomes = append(outcomes, outcome{Error: show(err)})
		} else {
			outcomes = append(outcomes, outcome{Text: result.Content[0].(*mcp.TextContent).Text})
		}
	}
	return outcomes, nil
}

func answerTo(ctx context.Context, ask string, connected *mcp.ClientSession, changes <-chan struct{}) outcome {
	if ask == "changed" {
		changed := false
		select {
		case <-changes:
			changed = true
		case <-time.After(2 * time.Second):
		}
		return outcome{Changed: &changed}
	}
	names := []string{}
	for tool, err := range connected.Tools(ctx, nil) {
		if err != nil {
			return outcome{Error: show(err)}
		}
		names = append(names, tool.Name)
	}
	return outcome{Tools: names}
}

const redirect = "http://127.0.0.1/callback"

// oauthHandler is an OAuth client whose user consents to everything.
func oauthHandler() (*auth.AuthorizationCodeHandler, error) {
	return auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{
				ClientName:              "scopegate-tests",
				RedirectURIs:            []string{redirect},
				GrantTypes:              []string{"authorization_code"},
				TokenEndpointAuthMethod: "none",
			},
		},
		AuthorizationCodeFetcher: authorize,
	})
}

// authorize follows redirects as a browser would, up to the client's own address.
func authorize(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := browser.Get(args.URL)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	arrived, err := response.Location()
	if err != nil {
		return nil, err
	}
	query := arrived.Query()
	return &auth.AuthorizationResult{Code: query.Get("code"), State: query.Get("state"), Iss: query.Get("iss")}, nil
}

func show(err error) *shown {
	var wire *jsonrpc.Error
	if errors.As(err, &wire) {
		return &shown{fmt.Sprintf("%T", wire), err.Error(), map[string]any{"code": wire.Code, "data": wire.Data}}
	}
	return &shown{fmt.Sprintf("%T", err), err.Error(), nil}
}

func play() (any, error) {
	var given task
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return nil, err
	}
	var all [][]outcome
	for _, s := range given.Sessions {
		outcomes, err := playSession(given.Token, s)
		if err != nil {
			return nil, err
		}
		all = append(all, outcomes)
	}
	return all, nil
}

// parse reads challenges as auth.AuthorizationCodeHandler does: the first Bearer challenge that has the parameter.
func parse() (any, error) {
	var given []struct {
		Challenge string `json:"challenge"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for _, answer := range given {
		challenges, err := oauthex.ParseWWWAuthenticate([]string{answer.Challenge})
		read := map[string]any{"error": nil, "scope": nil, "resource_metadata": nil}
		if err != nil {
			read["failure"] = err.Error()
		} else if len(challenges) != 1 || challenges[0].Scheme != "bearer" {
			read["failure"] = fmt.Sprintf("%d challenges", len(challenges))
		} else {
			for name := range read {
				if value, ok := challenges[0].Params[name]; ok {
					read[name] = value
				}
			}
		}
		all = append(all, read)
	}
	return all, nil
}

func main() {
	run := play
	if len(os.Args) > 1 && os.Args[1] == "parse" {
		run = parse
	}
	answer, err := run()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
