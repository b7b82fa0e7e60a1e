package engine

import (
	"strings"
)

const startDocker = "Start Docker (`node setup.mjs` does it on Debian and Ubuntu), or point DOCKER_HOST at a running engine."

// fixes names, for the engine's errors that a user can do something about, a
// part of the message and what to do. The first that fits is taken: what a
// build has printed, and whose socket it is, comes before what else they say.
var fixes = []struct{ part, fix string }{
	{"broke off the build", "See whether Docker still runs, start it if not, then run the command again: the steps that were done are not done again."},
	{"permission denied", "Run as a user who may use Docker's socket (root, or a member of the group docker)."},
	{"cannot connect to the docker daemon", startDocker},
	{"failed to connect to the docker api", startDocker},
	{"error during connect", startDocker},
	{"no docker engine answers", startDocker},
	{"port is already allocated", "Stop the container that publishes this port (`docker ps`), or choose other ports in the settings."},
	{"address already in use", "Stop the program that listens on this port, or choose other ports in the settings."},
	{"is already in use by container", "Remove that container if it is not needed (`docker rm -f <name>`), or choose another prefix in the settings."},
	{"non-overlapping", "Remove networks that are not in use (`docker network ls`, `docker network rm`)."},
	{"no such image", "Build the image first: deploy the stack that declares it."},
	{"no space left", "Free disk space where Docker keeps its data (`docker system df`)."},
	{"has active endpoints", "Disconnect or remove the containers that are still on this network (`docker network inspect <name>`)."},
	{"volume is in use", "Remove the container that still uses this volume (`docker ps -a --filter volume=<name>`)."},
	{"image is being used", "Remove the containers of this image, or set keep_locally = true."},
	{"must force", "Remove the containers of this image, or set keep_locally = true."},
	{"memory limit should be smaller", "Set memory and memory_swap together, memory_swap not below memory."},
	{"context deadline exceeded", "The engine did not answer in time: see its load and its log, then run the command again."},
}

// Explain gives the error's text and, where one is known, what to do about it.
func Explain(err error) string {
	cause := strings.TrimSpace(err.Error())
	lower := strings.ToLower(cause)
	for _, known := range fixes {
		if strings.Contains(lower, known.part) {
			return "Cause: " + cause + "\nFix: " + known.fix
		}
	}
	return "Cause: " + cause
}
