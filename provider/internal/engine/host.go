// Package engine is what the provider knows about a Docker engine: where it
// is, how to build an image on it, and what its errors mean.
package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ResolveHost returns the engine's address and where that address was found.
//
// The order is the one of the docker command line: an explicit host, then
// DOCKER_HOST, then DOCKER_CONTEXT or the current context of the Docker
// configuration. An empty address means the client's own default socket.
func ResolveHost(configured string) (host, source string, err error) {
	if configured != "" {
		host, source = configured, "the provider's host attribute"
	} else if fromEnv := os.Getenv("DOCKER_HOST"); fromEnv != "" {
		host, source = fromEnv, "DOCKER_HOST"
	} else if host, source, err = contextHost(); err != nil {
		return "", "", err
	}
	if strings.HasPrefix(host, "ssh://") {
		return "", "", fmt.Errorf("host %q from %s is not served: the embedded provider reaches unix://, npipe:// and tcp://; "+
			"forward the engine's socket over ssh and set DOCKER_HOST to it", host, source)
	}
	return host, source, nil
}

// contextHost reads the address of the Docker context in use, "" for the
// default one.
func contextHost() (host, source string, err error) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, homeErr := os.UserHomeDir()
		if homeErr != nil {
			// A process without a home directory has no contexts either.
			return "", "the default socket", nil
		}
		dir = filepath.Join(home, ".docker")
	}
	name := os.Getenv("DOCKER_CONTEXT")
	if name == "" {
		if name, err = currentContext(filepath.Join(dir, "config.json")); err != nil {
			return "", "", err
		}
	}
	if name == "" || name == "default" {
		return "", "the default socket", nil
	}
	source = fmt.Sprintf("Docker context %q", name)
	digest := sha256.Sum256([]byte(name))
	file := filepath.Join(dir, "contexts", "meta", hex.EncodeToString(digest[:]), "meta.json")
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	if err := readJSON(file, &meta); err != nil {
		return "", "", fmt.Errorf("%s cannot be read: %w; choose another with `docker context use`", source, err)
	}
	return meta.Endpoints["docker"].Host, source, nil
}

func currentContext(file string) (string, error) {
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	err := readJSON(file, &config)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("the Docker configuration cannot be read: %w; correct that file or remove it", err)
	}
	return config.CurrentContext, nil
}

func readJSON(file string, into any) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
