package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNetworkIsMadeAndReadAndLost(t *testing.T) {
	h := onEngine(t)
	config := values{"name": prefix + "net", "driver": "bridge", "labels": label}
	state := h.create("docker_network", config)
	if got := docker(t, "network", "inspect", "-f", "{{.ID}} {{.Driver}} {{.Labels.a}}", prefix+"net"); got != fmt.Sprintf("%s bridge 1", state["id"]) {
		t.Errorf("got %s", got)
	}
	if refreshed := h.read("docker_network", state); fmt.Sprint(refreshed) != fmt.Sprint(state) {
		t.Errorf("reads as changed: %v, was %v", refreshed, state)
	}
	docker(t, "network", "rm", prefix+"net")
	if refreshed := h.read("docker_network", state); refreshed != nil {
		t.Errorf("still in the state: %v", refreshed)
	}
}

func TestSecondNetworkOfANameIsRefused(t *testing.T) {
	h := onEngine(t)
	config := values{"name": prefix + "only"}
	h.create("docker_network", config)
	_, errors := h.apply("docker_network", nil, config)
	expectError(t, errors, `Cannot create network "pgprov-only"`, "exists already", "docker network rm pgprov-only")
	if found := docker(t, "network", "ls", "-q", "--filter", "name=^"+prefix+"only$"); strings.Count(found, "\n") > 0 {
		t.Errorf("there are two now: %s", found)
	}
}

func TestNetworkInUseIsNotRemoved(t *testing.T) {
	h := onEngine(t)
	defer func(before time.Duration) { goneTimeout = before }(goneTimeout)
	goneTimeout = time.Second
	state := h.create("docker_network", values{"name": prefix + "inhabited"})
	container := inhabitant(t, prefix+"inhabitant", "--network", prefix+"inhabited", "--tmpfs", "/data")
	_, errors := h.apply("docker_network", state, nil)
	docker(t, "rm", "-f", container)
	expectError(t, errors, `Cannot remove network "pgprov-inhabited"`, "still so after 1s", "has active endpoints", "docker network inspect")
}

func TestWhatIsInUseIsTriedAgainUntilTheDeadline(t *testing.T) {
	busy := fmt.Errorf("it is in use")
	curable := func(err error) bool { return err == busy }
	attempts := 0
	err := retryWhile(context.Background(), curable, func(context.Context) error {
		attempts++
		if attempts < 3 {
			return busy
		}
		return nil
	})
	if err != nil || attempts != 3 {
		t.Errorf("after %d attempts: %v", attempts, err)
	}
	other := fmt.Errorf("it is on fire")
	attempts = 0
	err = retryWhile(context.Background(), curable, func(context.Context) error { attempts++; return other })
	if err != other || attempts != 1 {
		t.Errorf("an error that waiting does not cure: %v after %d attempts", err, attempts)
	}
}

func TestVolumeIsMadeAndReadAndLost(t *testing.T) {
	h := onEngine(t)
	state := h.create("docker_volume", values{"name": prefix + "vol", "labels": label})
	if got := docker(t, "volume", "inspect", "-f", "{{.Driver}} {{.Labels.a}} {{.Mountpoint}}", prefix+"vol"); got != fmt.Sprintf("local 1 %s", state["mountpoint"]) {
		t.Errorf("got %s", got)
	}
	if state["id"] != prefix+"vol" {
		t.Errorf("id %v, want the name", state["id"])
	}
	docker(t, "volume", "rm", prefix+"vol")
	if refreshed := h.read("docker_volume", state); refreshed != nil {
		t.Errorf("still in the state: %v", refreshed)
	}
}

func TestVolumeInUseIsNotRemoved(t *testing.T) {
	h := onEngine(t)
	defer func(before time.Duration) { goneTimeout = before }(goneTimeout)
	goneTimeout = time.Second
	state := h.create("docker_volume", values{"name": prefix + "used"})
	container := inhabitant(t, prefix+"user", "-v", prefix+"used:/data")
	_, errors := h.apply("docker_volume", state, nil)
	docker(t, "rm", "-f", container)
	expectError(t, errors, `Cannot remove volume "pgprov-used"`, "volume is in use", "docker ps -a --filter volume=")
}

// buildContext is a directory with these files.
func buildContext(t *testing.T, files map[string]string) string {
	t.Helper()
	directory := t.TempDir()
	for name, content := range files {
		path := filepath.Join(directory, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return directory
}

func TestImageIsBuiltWithoutIgnoredFilesAndKept(t *testing.T) {
	h := onEngine(t)
	directory := buildContext(t, map[string]string{
		"build/Dockerfile": "FROM debian:trixie-slim\nLABEL pgprov=yes\nCOPY . /context\nRUN echo hello > /greeting\n",
		".dockerignore":    "secret\n**/*.log\nbuild\n.dockerignore\n",
		"kept":             "", "secret": "", "deep/old.log": "",
	})
	config := values{"name": prefix + "built:1", "keep_locally": true, "build": []values{{
		"context": directory, "dockerfile": "build/Dockerfile", "tag": []string{prefix + "built:latest"},
	}}}
	state, errors := h.apply("docker_image", nil, config)
	if len(errors) > 0 {
		t.Fatal(errors)
	}
	t.Cleanup(func() { docker(t, "rmi", "-f", prefix+"built:1", prefix+"built:latest") })

	id := docker(t, "image", "inspect", "-f", "{{.Id}}", prefix+"built:1")
	if state["image_id"] != id || state["id"] != id+prefix+"built:1" {
		t.Errorf("image_id %v and id %v, want %s, the latter with the name", state["image_id"], state["id"], id)
	}
	if latest := docker(t, "image", "inspect", "-f", "{{.Id}} {{.Config.Labels.pgprov}}", prefix+"built:latest"); latest != id+" yes" {
		t.Errorf("the other tag and the label: %s", latest)
	}
	shown := docker(t, "run", "--rm", prefix+"built:1", "sh", "-c", "cat /greeting; cd /context; find . -type f | sort; stat -c %u kept")
	if want := "hello\n./kept\n0"; shown != want {
		t.Errorf("the image holds\n%s\nwant\n%s", shown, want)
	}
	if refreshed := h.read("docker_image", state); fmt.Sprint(refreshed) != fmt.Sprint(state) {
		t.Errorf("reads as changed: %v, was %v", refreshed, state)
	}
	if _, errors := h.apply("docker_image", state, nil); len(errors) > 0 {
		t.Error(errors)
	}
	docker(t, "image", "inspect", prefix+"built:1") // keep_locally: it is still there
}

func TestImageIsRemovedUnlessKept(t *testing.T) {
	h := onEngine(t)
	directory := buildContext(t, map[string]string{"Dockerfile": "FROM debian:trixie-slim\nLABEL pgprov=removed\n"})
	state, errors := h.apply("docker_image", nil, values{"name": prefix + "removed:1", "build": []values{{"context": directory}}})
	if len(errors) > 0 {
		t.Fatal(errors)
	}
	if _, errors := h.apply("docker_image", state, nil); len(errors) > 0 {
		t.Fatal(errors)
	}
	if refreshed := h.read("docker_image", state); refreshed != nil {
		t.Errorf("still there: %v", refreshed)
	}
}

func TestFailedBuildShowsTheEndOfItsOutput(t *testing.T) {
	h := onEngine(t)
	directory := buildContext(t, map[string]string{
		"Dockerfile": "FROM debian:trixie-slim\nRUN seq 1 60; echo the compiler is out of tea >&2; exit 3\n",
	})
	state, errors := h.apply("docker_image", nil, values{"name": prefix + "broken:1", "build": []values{{"context": directory}}})
	expectError(t, errors, `Cannot build image "pgprov-broken:1"`, "returned a non-zero code: 3", "the compiler is out of tea", "\n60\n")
	if strings.Contains(errors[0], "\n10\n") {
		t.Error("the error shows more than the end")
	}
	if state != nil {
		t.Errorf("state %v, want none", state)
	}
}

func TestMissingContextAndDockerfileAreNamed(t *testing.T) {
	h := onEngine(t)
	_, errors := h.apply("docker_image", nil, values{"name": prefix + "x:1", "build": []values{{"context": "/no/such/directory"}}})
	expectError(t, errors, `Cannot build image "pgprov-x:1"`, "/no/such/directory")
	_, errors = h.apply("docker_image", nil, values{"name": prefix + "x:1", "build": []values{{"context": t.TempDir()}}})
	expectError(t, errors, `Dockerfile "Dockerfile" cannot be read`)
}
