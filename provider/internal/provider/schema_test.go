package provider

import (
	"strings"
	"testing"
)

const (
	replaces = "replaces"
	updates  = "updates in place"
)

var (
	label      = []values{{"label": "a", "value": "1"}}
	otherLabel = []values{{"label": "a", "value": "2"}}
)

// attributes is the table of what kreuzwerker/docker 3.9.0 does: for each
// attribute that is served, two values and what the change from the one to the
// other means.
var attributes = []struct {
	kind, name   string
	before, then any
	means        string
}{
	{"docker_network", "name", "a", "b", replaces},
	{"docker_network", "driver", "bridge", "overlay", replaces},
	{"docker_network", "labels", label, otherLabel, replaces},

	{"docker_volume", "name", "a", "b", replaces},
	{"docker_volume", "driver", "local", "other", replaces},
	{"docker_volume", "labels", label, otherLabel, replaces},

	{"docker_image", "name", "a:1", "a:2", replaces},
	{"docker_image", "keep_locally", true, false, updates},
	{"docker_image", "triggers", values{"hash": "1"}, values{"hash": "2"}, replaces},
	{"docker_image", "build", []values{{"context": "."}}, []values{{"context": ".."}}, replaces},
	{"docker_image", "build", []values{{"context": "."}}, []values{{"context": ".", "dockerfile": "Other"}}, replaces},
	{"docker_image", "build", []values{{"context": "."}}, []values{{"context": ".", "tag": []string{"a:latest"}}}, replaces},
	{"docker_image", "build", []values{{"context": "."}}, []values{{"context": ".", "build_args": values{"A": "1"}}}, replaces},
	{"docker_image", "build", []values{{"context": "."}}, []values{{"context": ".", "label": values{"a": "1"}}}, replaces},

	{"docker_container", "name", "a", "b", replaces},
	{"docker_container", "image", "a:1", "a:2", replaces},
	{"docker_container", "hostname", "a", "b", replaces},
	{"docker_container", "env", []string{"A=1"}, []string{"A=2"}, replaces},
	{"docker_container", "restart", "no", "unless-stopped", updates},
	{"docker_container", "stop_signal", "SIGTERM", "SIGINT", replaces},
	{"docker_container", "stop_timeout", 10, 20, replaces},
	{"docker_container", "destroy_grace_seconds", 10, 20, updates},
	{"docker_container", "memory", 64, 128, updates},
	{"docker_container", "memory_swap", 64, 128, updates},
	{"docker_container", "shm_size", 64, 128, replaces},
	{"docker_container", "log_driver", "json-file", "local", replaces},
	{"docker_container", "log_opts", values{"max-size": "1m"}, values{"max-size": "2m"}, replaces},
	{"docker_container", "labels", label, otherLabel, replaces},
	{"docker_container", "ports", port(5432, 17400), port(5432, 17401), replaces},
	{"docker_container", "networks_advanced", []values{{"name": "a"}}, []values{{"name": "b"}}, replaces},
	{"docker_container", "networks_advanced", []values{{"name": "a"}}, []values{{"name": "a", "aliases": []string{"c"}}}, replaces},
	{"docker_container", "volumes", mount("a", "/data"), mount("b", "/data"), replaces},
	{"docker_container", "volumes", mount("a", "/data"), mount("a", "/other"), replaces},
}

// required is the least that each kind needs.
var required = map[string]values{
	"docker_network":   {"name": "a"},
	"docker_volume":    {"name": "a"},
	"docker_image":     {"name": "a:1", "build": []values{{"context": "."}}},
	"docker_container": {"name": "a", "image": "a:1", "must_run": false},
}

func port(internal, external int) []values {
	return []values{{"internal": internal, "external": external, "ip": "127.0.0.1"}}
}

func mount(volume, path string) []values {
	return []values{{"volume_name": volume, "container_path": path}}
}

func with(base values, name string, value any) values {
	result := values{}
	for key, existing := range base {
		result[key] = existing
	}
	result[name] = value
	return result
}

// existing is the state of an object that was made with this configuration:
// what is planned, with the computed values known.
func (h *harness) existing(kind string, config values) values {
	h.t.Helper()
	planned := h.plan(kind, nil, config)
	if len(planned.errors) > 0 {
		h.t.Fatal(strings.Join(planned.errors, "\n"))
	}
	for name, value := range planned.planned {
		if value != unknownValue {
			continue
		}
		switch name {
		case "env":
			planned.planned[name] = []any{}
		case "stop_timeout", "shm_size":
			planned.planned[name] = 0
		default:
			planned.planned[name] = "computed"
		}
	}
	return planned.planned
}

func TestEachChangeMeansWhatItMeansInTheRealProvider(t *testing.T) {
	h := newHarness(t)
	for _, row := range attributes {
		t.Run(row.kind+"."+row.name+" "+row.means, func(t *testing.T) {
			before, then := with(required[row.kind], row.name, row.before), with(required[row.kind], row.name, row.then)
			state := h.existing(row.kind, before)

			unchanged := h.plan(row.kind, state, before)
			if len(unchanged.replaces) > 0 {
				t.Errorf("no change replaces: %v", unchanged.replaces)
			}
			changed := h.plan(row.kind, state, then)
			if replaced := len(changed.replaces) > 0; replaced != (row.means == replaces) {
				t.Errorf("want a change that %s, got replacement because of %v", row.means, changed.replaces)
			}
			if row.means == updates && changed.planned["id"] != "computed" {
				t.Errorf("the id becomes %v: whatever depends on it would be replaced", changed.planned["id"])
			}
		})
	}
}

func TestEveryAttributeStandsInTheTable(t *testing.T) {
	h := newHarness(t)
	listed := map[string]bool{}
	for _, row := range attributes {
		listed[row.kind+"."+row.name] = true
	}
	// set by the engine alone, or not a property of the object
	for _, name := range []string{"docker_image.image_id", "docker_image.repo_digest", "docker_volume.mountpoint", "docker_container.must_run"} {
		listed[name] = true
	}
	for kind, object := range h.types {
		for name := range object.AttributeTypes {
			if name != "id" && !listed[kind+"."+name] {
				t.Errorf("%s.%s is served, but not in the table", kind, name)
			}
		}
	}
}

func TestDefaultsAreThoseOfTheRealProvider(t *testing.T) {
	h := newHarness(t)
	container := h.plan("docker_container", nil, with(required["docker_container"], "ports", []values{{"internal": 5432}}))
	if restart := container.planned["restart"]; restart != "no" {
		t.Errorf("restart defaults to %v, want no", restart)
	}
	published := container.planned["ports"].([]any)[0].(values)
	if published["ip"] != "0.0.0.0" || published["protocol"] != "tcp" || published["external"] != unknownValue {
		t.Errorf("ports default to %v, want ip 0.0.0.0, protocol tcp and a port that the engine picks", published)
	}
	image := h.plan("docker_image", nil, required["docker_image"])
	if dockerfile := image.planned["build"].([]any)[0].(values)["dockerfile"]; dockerfile != "Dockerfile" {
		t.Errorf("dockerfile defaults to %v, want Dockerfile", dockerfile)
	}
}

func TestTheSamePortsInAnotherOrderReplaceNothing(t *testing.T) {
	h := newHarness(t)
	one, two := port(1, 17401)[0], port(2, 17402)[0]
	state := h.existing("docker_container", with(required["docker_container"], "ports", []values{one, two}))
	got := h.plan("docker_container", state, with(required["docker_container"], "ports", []values{two, one}))
	if len(got.replaces) > 0 {
		t.Errorf("another order replaces: %v", got.replaces)
	}
	got = h.plan("docker_container", state, with(required["docker_container"], "ports", []values{one}))
	if len(got.replaces) == 0 {
		t.Error("one port less replaces nothing")
	}
}

func TestBadValuesAreRefused(t *testing.T) {
	h := newHarness(t)
	for _, row := range []struct {
		kind, name string
		value      any
		says       string
	}{
		{"docker_container", "restart", "sometimes", "unless-stopped"},
		{"docker_container", "memory", -1, "at least 0"},
		{"docker_container", "memory_swap", -2, "at least -1"},
		{"docker_container", "shm_size", -1, "at least 0"},
		{"docker_container", "ports", port(0, 17400), "between 1 and 65535"},
		{"docker_container", "ports", port(5432, 65536), "between 1 and 65535"},
		{"docker_container", "must_run", true, "set must_run = false"},
		{"docker_container", "must_run", nil, "set must_run = false"},
		{"docker_image", "build", nil, "build"},
		{"docker_image", "build", []values{{"context": "."}, {"context": ".."}}, "at most 1"},
	} {
		t.Run(row.kind+"."+row.name, func(t *testing.T) {
			errors := strings.Join(h.validate(row.kind, with(required[row.kind], row.name, row.value)), "\n")
			if !strings.Contains(errors, row.says) {
				t.Errorf("%v: got %q, want an error with %q", row.value, errors, row.says)
			}
		})
	}
	for kind, config := range required {
		if errors := h.validate(kind, config); len(errors) > 0 {
			t.Errorf("%s: the least configuration is refused: %v", kind, errors)
		}
	}
}
