package provider

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const inspectFormat = `{{.Config.Hostname}} {{.HostConfig.RestartPolicy.Name}} {{.Config.StopTimeout}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} ` +
	`{{.HostConfig.ShmSize}} {{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-size"}} {{index .Config.Labels "pgprov"}} {{.State.Running}}`

// server is a container as the constructs declare it, in a network and with a
// volume of the test's own.
func server(h *harness, name string, port int) values {
	h.t.Helper()
	network := h.create("docker_network", values{"name": prefix + name + "-network", "driver": "bridge"})
	volume := h.create("docker_volume", values{"name": prefix + name + "-data"})
	return values{
		"name": prefix + name, "hostname": prefix + name, "image": testImage, "must_run": false,
		"env": []string{"B=2", "A=1"}, "restart": "unless-stopped", "stop_timeout": 20, "destroy_grace_seconds": 20,
		"memory": 64, "memory_swap": 64, "shm_size": 32,
		"log_driver": "json-file", "log_opts": values{"max-size": "1m", "max-file": "2"},
		"labels": []values{{"label": "pgprov", "value": "yes"}},
		"ports": []values{
			{"internal": 7001, "external": port + 1, "ip": "127.0.0.1", "protocol": "tcp"},
			{"internal": 5432, "external": port, "ip": "127.0.0.1", "protocol": "tcp"},
		},
		"networks_advanced": []values{{"name": network["name"], "aliases": []string{"pgprov-alias"}}},
		"volumes":           []values{{"volume_name": volume["name"], "container_path": "/data"}},
	}
}

func TestContainerIsMadeAsDeclared(t *testing.T) {
	h := onEngine(t)
	config := server(h, "declared", firstPort)
	state := h.create("docker_container", config)
	id := state["id"].(string)

	got := docker(t, "inspect", "-f", inspectFormat, id)
	want := prefix + "declared unless-stopped 20 67108864 67108864 33554432 json-file 1m yes true"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if env := docker(t, "inspect", "-f", "{{index .Config.Env 0}} {{index .Config.Env 1}}", id); env != "A=1 B=2" {
		t.Errorf("environment %q, want it sorted", env)
	}
	networks := docker(t, "inspect", "-f", "{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{index $n.Aliases 0}};{{end}}", id)
	if networks != prefix+"declared-network pgprov-alias;" {
		t.Errorf("networks %q, want the declared one alone, with its alias", networks)
	}
	for _, port := range []string{"5432", "7001"} {
		published := docker(t, "port", id, port)
		if want := fmt.Sprintf("127.0.0.1:%d", firstPort+map[string]int{"5432": 0, "7001": 1}[port]); published != want {
			t.Errorf("port %s is published at %q, want %s", port, published, want)
		}
	}
	if mounts := docker(t, "inspect", "-f", "{{range .Mounts}}{{.Name}} {{.Destination}};{{end}}", id); mounts != prefix+"declared-data /data;" {
		t.Errorf("mounts %q", mounts)
	}
	refreshed := h.read("docker_container", state)
	if again := h.plan("docker_container", refreshed, config); len(again.replaces) > 0 || fmt.Sprint(again.planned) != fmt.Sprint(refreshed) {
		t.Errorf("a second plan changes something: %v\nstate %v\nplan  %v", again.replaces, refreshed, again.planned)
	}
}

func TestARefreshDoesNotStartAStoppedContainer(t *testing.T) {
	h := onEngine(t)
	state := h.create("docker_container", server(h, "stopped", firstPort+2))
	docker(t, "stop", "-t", "5", prefix+"stopped")

	if refreshed := h.read("docker_container", state); refreshed["id"] != state["id"] {
		t.Errorf("the refresh makes of it %v", refreshed)
	}
	if running := docker(t, "inspect", "-f", "{{.State.Running}}", prefix+"stopped"); running != "false" {
		t.Error("the refresh started it")
	}
}

func TestLostContainerLeavesTheState(t *testing.T) {
	h := onEngine(t)
	state := h.create("docker_container", server(h, "lost", firstPort+4))
	docker(t, "rm", "-f", prefix+"lost")
	if refreshed := h.read("docker_container", state); refreshed != nil {
		t.Errorf("still in the state: %v", refreshed)
	}
}

func TestMemoryAndRestartPolicyChangeInTheRunningContainer(t *testing.T) {
	h := onEngine(t)
	config := server(h, "updated", firstPort+6)
	state := h.create("docker_container", config)
	config["memory"], config["memory_swap"], config["restart"] = 96, 128, "always"
	changed, errors := h.apply("docker_container", state, config)
	if len(errors) > 0 {
		t.Fatal(errors)
	}
	if changed["id"] != state["id"] {
		t.Error("it was replaced")
	}
	got := docker(t, "inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.RestartPolicy.Name}} {{.State.Running}}", prefix+"updated")
	if got != "100663296 134217728 always true" {
		t.Errorf("got %s", got)
	}
	if refreshed := h.read("docker_container", changed); fmt.Sprint(refreshed) != fmt.Sprint(changed) {
		t.Errorf("the change does not last\napplied %v\nread    %v", changed, refreshed)
	}
}

func TestDestroyStopsBeforeItRemoves(t *testing.T) {
	h := onEngine(t)
	config := server(h, "graceful", firstPort+8)
	state, errors := h.apply("docker_container", nil, config)
	if len(errors) > 0 {
		t.Fatal(errors)
	}
	waitFor(t, "the container's trap to be set", func() bool {
		return exec.Command("docker", "exec", prefix+"graceful", "test", "-e", "/data/running").Run() == nil
	})
	begun := time.Now()
	if _, errors := h.apply("docker_container", state, nil); len(errors) > 0 {
		t.Fatal(errors)
	}
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("took %s: it was not stopped, but killed after the grace", took)
	}
	if how := docker(t, "run", "--rm", "-v", prefix+"graceful-data:/data", testImage, "cat", "/data/how"); how != "stopped" {
		t.Errorf("the server noted %q, want stopped", how)
	}
	if err := exec.Command("docker", "inspect", prefix+"graceful").Run(); err == nil {
		t.Error("the container is still there")
	}
}

func TestDestroyOfALostContainerSucceeds(t *testing.T) {
	h := onEngine(t)
	state := h.create("docker_container", server(h, "twice", firstPort+10))
	docker(t, "rm", "-f", prefix+"twice")
	if _, errors := h.apply("docker_container", state, nil); len(errors) > 0 {
		t.Error(errors)
	}
}

func TestPortInUseIsAClearErrorAndTheContainerIsRemembered(t *testing.T) {
	h := onEngine(t)
	busy := firstPort + 12
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", busy))
	must(t, err)
	defer func() { _ = listener.Close() }()

	state, errors := h.apply("docker_container", nil, server(h, "busy", busy))
	t.Cleanup(func() { h.apply("docker_container", state, nil) })
	expectError(t, errors, `Cannot start container "pgprov-busy"`, fmt.Sprint(busy), "address already in use", "choose other ports")
	if state["id"] == nil || state["id"] == "" {
		t.Error("the container exists, but the state forgets it")
	}
}

func TestMissingImageIsAClearErrorAndNothingIsPulled(t *testing.T) {
	h := onEngine(t)
	config := with(required["docker_container"], "image", "pgprov-no-such-image:1")
	config["name"] = prefix + "imageless"
	state, errors := h.apply("docker_container", nil, config)
	expectError(t, errors, `Cannot create container "pgprov-imageless"`, "No such image: pgprov-no-such-image:1", "deploy the stack that declares it")
	if state != nil {
		t.Errorf("state %v, want none", state)
	}
}

func TestNameInUseIsAClearError(t *testing.T) {
	h := onEngine(t)
	config := server(h, "taken", firstPort+14)
	h.create("docker_container", config)
	_, errors := h.apply("docker_container", nil, config)
	expectError(t, errors, `Cannot create container "pgprov-taken"`, "already in use by container", "another prefix")
}

func expectError(t *testing.T, errors []string, parts ...string) {
	t.Helper()
	if len(errors) != 1 {
		t.Fatalf("got %d errors, want one: %v", len(errors), errors)
	}
	for _, part := range parts {
		if !strings.Contains(errors[0], part) {
			t.Errorf("the error does not say %q:\n%s", part, errors[0])
		}
	}
}

func waitFor(t *testing.T, what string, reached func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !reached() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 20 s for %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
