package provider

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Objects that the tests make are named with this prefix and publish ports from
// firstPort on.
const (
	prefix    = "pgprov-"
	firstPort = 17440
	testImage = prefix + "go:1"
)

// dockerfile's command notes a SIGTERM in the volume, so that a test can tell
// a stop from a kill.
const dockerfile = `FROM debian:trixie-slim
CMD ["sh", "-c", "trap 'echo stopped > /data/how; exit 0' TERM; touch /data/running; while :; do sleep 0.1; done"]
`

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run builds the image that the container tests use, and leaves nothing behind.
func run(m *testing.M) int {
	directory, err := os.MkdirTemp("", prefix)
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	if err := os.WriteFile(filepath.Join(directory, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
		panic(err)
	}
	if output, err := exec.Command("docker", "build", "-q", "-t", testImage, directory).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the tests need a Docker engine with debian:trixie-slim; run `node setup.mjs`: %v\n%s", err, output)
		return 1
	}
	defer func() { _ = exec.Command("docker", "rmi", "-f", testImage).Run() }()
	return m.Run()
}
