package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dockerConfig is a Docker configuration directory in use for this test.
func dockerConfig(t *testing.T, config string, hosts map[string]string) {
	t.Helper()
	directory := t.TempDir()
	write(t, filepath.Join(directory, "config.json"), config)
	for name, host := range hosts {
		digest := sha256.Sum256([]byte(name))
		write(t, filepath.Join(directory, "contexts", "meta", hex.EncodeToString(digest[:]), "meta.json"),
			`{"Name":"`+name+`","Endpoints":{"docker":{"Host":"`+host+`"}}}`)
	}
	t.Setenv("DOCKER_CONFIG", directory)
	t.Setenv("DOCKER_HOST", "")
	t.Setenv("DOCKER_CONTEXT", "")
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHostIsTheFirstThatIsGiven(t *testing.T) {
	hosts := map[string]string{"desktop": "unix:///desktop.sock", "other": "unix:///other.sock"}
	for _, row := range []struct{ name, configured, env, context, config, want string }{
		{"attribute", "unix:///given.sock", "unix:///env.sock", "other", `{"currentContext":"desktop"}`, "unix:///given.sock"},
		{"DOCKER_HOST", "", "unix:///env.sock", "other", `{"currentContext":"desktop"}`, "unix:///env.sock"},
		{"DOCKER_CONTEXT", "", "", "other", `{"currentContext":"desktop"}`, "unix:///other.sock"},
		{"current context", "", "", "", `{"currentContext":"desktop"}`, "unix:///desktop.sock"},
		{"default context", "", "", "", `{"currentContext":"default"}`, ""},
		{"no context", "", "", "", `{}`, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			dockerConfig(t, row.config, hosts)
			t.Setenv("DOCKER_HOST", row.env)
			t.Setenv("DOCKER_CONTEXT", row.context)
			got, source, err := ResolveHost(row.configured)
			if err != nil || got != row.want {
				t.Errorf("got %q from %s, %v; want %q", got, source, err, row.want)
			}
		})
	}
}

func TestHostMistakesAreNamed(t *testing.T) {
	for _, row := range []struct{ name, env, config, says string }{
		{"ssh", "ssh://box", `{}`, "forward the engine's socket"},
		{"unknown context", "", `{"currentContext":"gone"}`, `Docker context "gone"`},
		{"broken configuration", "", `{`, "config.json"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dockerConfig(t, row.config, nil)
			t.Setenv("DOCKER_HOST", row.env)
			if _, _, err := ResolveHost(""); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want an error with %q", err, row.says)
			}
		})
	}
}

func TestEngineThatDoesNotAnswerIsNamed(t *testing.T) {
	dockerConfig(t, `{}`, nil)
	host := "unix://" + filepath.Join(t.TempDir(), "none.sock")
	_, err := Connect(context.Background(), host)
	if err == nil {
		t.Fatal("connected to nothing")
	}
	explained := Explain(err)
	for _, part := range []string{host, "the provider's host attribute", "Start Docker"} {
		if !strings.Contains(explained, part) {
			t.Errorf("does not say %q:\n%s", part, explained)
		}
	}
}

func TestExplainNamesCauseAndKnownFix(t *testing.T) {
	known := Explain(errors.New("driver failed programming external connectivity: Bind for 127.0.0.1:5432 failed: port is already allocated"))
	if !strings.Contains(known, "Cause: driver failed") || !strings.Contains(known, "Fix: Stop the container that publishes this port") {
		t.Error(known)
	}
	if unknown := Explain(errors.New("the moon is blue")); unknown != "Cause: the moon is blue" {
		t.Error(unknown)
	}
}

func TestExplainKnowsAnEngineThatWentAway(t *testing.T) {
	for cause, fix := range map[string]string{
		`error during connect: Post "http://docker.sock/v1.41/networks/create": EOF`:                     "Start Docker",
		"failed to connect to the docker API at unix:///docker.sock; check if the path is correct":       "Start Docker",
		"Cannot connect to the Docker daemon at unix:///docker.sock. Is the docker daemon running?":      "Start Docker",
		"permission denied while trying to connect to the docker API at unix:///docker.sock":             "Run as a user who may use Docker's socket",
		"the engine broke off the build: unexpected EOF\nRUN mkdir /x: permission denied was handled":    "See whether Docker still runs",
		"failed to connect to the docker API at unix:///docker.sock: connect: permission denied on /var": "Run as a user",
	} {
		if explained := Explain(errors.New(cause)); !strings.Contains(explained, "\nFix: "+fix) {
			t.Errorf("%s: %s", cause, explained)
		}
	}
}

func TestBuildMessagesAreFollowedToTheEnd(t *testing.T) {
	if err := followBuild(strings.NewReader(`{"stream":"Step 1\n"}{"aux":{"ID":"sha256:1"}}`)); err != nil {
		t.Error(err)
	}
	err := followBuild(strings.NewReader(`{"stream":"Step 1\n"}{"stream":"oops\n"}{"errorDetail":{"message":"code 3"}}`))
	if err == nil || !strings.Contains(err.Error(), "code 3") || !strings.Contains(err.Error(), "Step 1\noops") {
		t.Error(err)
	}
	err = followBuild(strings.NewReader(`{"stream":"Step 1\n"}{"str`))
	if err == nil || !strings.Contains(err.Error(), "broke off the build") {
		t.Errorf("a broken connection: %v", err)
	}
}

func TestLastLines(t *testing.T) {
	if got := lastLines("1\n2\n3\n", 2); got != "2\n3" {
		t.Errorf("got %q", got)
	}
	if got := lastLines("1\n", 2); got != "1" {
		t.Errorf("got %q", got)
	}
}
