package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/moby/client"
)

const pingTimeout = 10 * time.Second

// Connect returns a client of the engine at the configured host ("" for the
// default, see ResolveHost) after the engine has answered a ping.
func Connect(ctx context.Context, configuredHost string) (*client.Client, error) {
	host, source, err := ResolveHost(configuredHost)
	if err != nil {
		return nil, err
	}
	options := []client.Opt{client.FromEnv}
	if host != "" {
		options = append(options, client.WithHost(host))
	}
	docker, err := client.New(options...)
	if err != nil {
		return nil, fmt.Errorf("the Docker host %q from %s cannot be used: %w", host, source, err)
	}
	pingCtx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if _, err := docker.Ping(pingCtx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		_ = docker.Close()
		return nil, fmt.Errorf("no Docker engine answers at %s (from %s): %w", docker.DaemonHost(), source, err)
	}
	return docker, nil
}
