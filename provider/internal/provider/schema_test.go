package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

var label = []values{{"label": "a", "value": "1"}}

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
	table := readTable(t)
	for kind, rows := range table.Attributes {
		for name, row := range rows {
			t.Run(kind+"."+name+" "+row.Change, func(t *testing.T) {
				before := table.Objects[kind]
				then := setAt(before, name, row.Other)
				if row.Change == "refused" {
					if errors := h.validate(kind, then); len(errors) == 0 {
						t.Errorf("%v is accepted", row.Other)
					}
					return
				}
				state := h.existing(kind, before)
				if unchanged := h.plan(kind, state, before); len(unchanged.replaces) > 0 {
					t.Errorf("no change replaces: %v", unchanged.replaces)
				}
				changed := h.plan(kind, state, then)
				if replaced := len(changed.replaces) > 0; replaced != (row.Change == "replace") {
					t.Errorf("want a change to %s, got replacement because of %v", row.Change, changed.replaces)
				}
				if row.Change == "update" && changed.planned["id"] != "computed" {
					t.Errorf("the id becomes %v: whatever depends on it would be replaced", changed.planned["id"])
				}
				if value := valueAt(changed.planned, name); fmt.Sprint(value) != fmt.Sprint(row.Other) {
					t.Errorf("planned is %v, want %v", value, row.Other)
				}
			})
		}
	}
}

func TestEveryAttributeStandsInTheTable(t *testing.T) {
	h := newHarness(t)
	listed := map[string]bool{}
	for kind, rows := range readTable(t).Attributes {
		for name := range rows {
			listed[kind+"."+name] = true
		}
	}
	served := map[string]bool{}
	for kind, schema := range h.schemas {
		for _, name := range settable(schema.Block) {
			served[kind+"."+name] = true
			if !listed[kind+"."+name] {
				t.Errorf("%s.%s is served, but not in the table", kind, name)
			}
		}
	}
	for name := range listed {
		if !served[name] {
			t.Errorf("%s is in the table, but not served", name)
		}
	}
}

// settable lists the attributes that a configuration may set, those of blocks as "block.attribute".
func settable(block *tfprotov6.SchemaBlock) []string {
	names := []string{}
	for _, attribute := range block.Attributes {
		if attribute.Required || attribute.Optional {
			names = append(names, attribute.Name)
		}
	}
	for _, nested := range block.BlockTypes {
		for _, name := range settable(nested.Block) {
			names = append(names, nested.TypeName+"."+name)
		}
	}
	return names
}

func TestDefaultsAreThoseOfTheRealProvider(t *testing.T) {
	h := newHarness(t)
	table := readTable(t)
	for kind, rows := range table.Attributes {
		for name, row := range rows {
			t.Run(kind+"."+name, func(t *testing.T) {
				if required := isRequired(h.schemas[kind].Block, name); required != (row.Default == "required") {
					t.Fatalf("required: %v, the table says %v", required, row.Default)
				}
				if row.Default == "required" {
					return
				}
				want := row.Default
				if want == "computed" {
					want = unknownValue
				}
				planned := h.plan(kind, nil, setAt(table.Objects[kind], name, nil)).planned
				if got := valueAt(planned, name); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("left out, it is planned to be %v, want %v", got, want)
				}
			})
		}
	}
}

func isRequired(block *tfprotov6.SchemaBlock, name string) bool {
	outer, inner, nested := strings.Cut(name, ".")
	if nested {
		for _, candidate := range block.BlockTypes {
			if candidate.TypeName == outer {
				return isRequired(candidate.Block, inner)
			}
		}
	}
	for _, attribute := range block.Attributes {
		if attribute.Name == name {
			return attribute.Required
		}
	}
	return false
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
