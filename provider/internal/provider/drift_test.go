package provider

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// prepared makes what the table's object of this kind needs on the engine, and
// returns the object's configuration.
func prepared(h *harness, table attributeTable, kind string) values {
	h.t.Helper()
	config := table.Objects[kind]
	switch kind {
	case "docker_image":
		removeImages(h.t)
		return setAt(config, "build.context", buildContext(h.t, map[string]string{"Dockerfile": "FROM debian:trixie-slim\nLABEL pgprov=row\n"}))
	case "docker_container":
		h.create("docker_network", table.Objects["docker_network"])
		h.create("docker_volume", table.Objects["docker_volume"])
		removeImages(h.t)
	}
	return config
}

// removeImages removes the table's images, now and when the test ends.
func removeImages(t *testing.T) {
	t.Helper()
	remove := func() { _ = exec.Command("docker", "rmi", "-f", prefix+"row:1", prefix+"row:latest").Run() }
	remove()
	t.Cleanup(remove)
}

func TestARefreshTakesOverWhatTheRealOneReadsBackAndNothingElse(t *testing.T) {
	table := readTable(t)
	for kind := range table.Objects {
		t.Run(kind, func(t *testing.T) {
			h := onEngine(t)
			config := prepared(h, table, kind)
			docker(t, "tag", testImage, prefix+"row:1")
			state := h.create(kind, config)
			for name, row := range table.Attributes[kind] {
				if row.ReadBack == "identity" {
					continue
				}
				actual := valueAt(config, name)
				refreshed := h.read(kind, setAt(state, name, row.Other))
				got := valueAt(refreshed, name)
				want := row.Other
				if row.ReadBack == true {
					want = actual
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s: the engine has %v, the state %v, and the refresh makes of it %v, want %v", name, actual, row.Other, got, want)
				}
			}
		})
	}
}

func TestWhatIsDoneByHandIsSeenAsTheRealOneSeesIt(t *testing.T) {
	table := readTable(t)
	for kind, rows := range table.ByHand {
		t.Run(kind, func(t *testing.T) {
			config := prepared(onEngine(t), table, kind)
			for _, row := range rows {
				t.Run(strings.Join(row.Docker, ", "), func(t *testing.T) { seeWhatIsDoneByHand(onEngine(t), kind, config, row) })
			}
		})
	}
}

func seeWhatIsDoneByHand(h *harness, kind string, config values, row byHandRow) {
	if kind == "docker_network" { // one that was made by hand, which the destroy does not know of
		h.t.Cleanup(func() { _ = exec.Command("docker", "network", "rm", prefix+"row").Run() })
	}
	docker(h.t, "tag", testImage, prefix+"row:1")
	state := h.create(kind, config)
	if plan := h.consequence(kind, state, config); plan != "nothing" {
		h.t.Fatalf("before anything was done, the plan is %s", plan)
	}
	// a paused container would be stopped by force, after all its grace
	h.t.Cleanup(func() { _ = exec.Command("docker", "unpause", prefix+"row").Run() })
	for _, command := range row.Docker {
		docker(h.t, strings.Fields(command)...)
	}
	if plan := h.consequence(kind, state, config); plan != row.Plan {
		h.t.Errorf("the plan is %s, want %s", plan, row.Plan)
	}
}

// consequence is what a plan, which refreshes the state first, does to the object.
func (h *harness) consequence(kind string, state, config values) string {
	h.t.Helper()
	refreshed := h.read(kind, state)
	if refreshed == nil {
		return "create"
	}
	planned := h.plan(kind, refreshed, config)
	switch {
	case len(planned.errors) > 0:
		return strings.Join(planned.errors, "\n")
	case len(planned.replaces) > 0:
		return "replace"
	case fmt.Sprint(planned.planned) != fmt.Sprint(refreshed):
		return "update"
	default:
		return "nothing"
	}
}
