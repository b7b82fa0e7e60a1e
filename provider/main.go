// Command terraform-provider-docker is the embedded Docker provider of
// pgraft-cluster: the part of kreuzwerker/docker 3.9.0 that this project's
// stacks use, for machines that cannot reach the Terraform registry.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"pgraft.local/embedded/docker/internal/provider"
)

// versionFile is read by setup.mjs and by the constructs, too: what is built,
// installed and asked for is one version. It is that of the provider whose
// behaviour this one has.
//
//go:embed version.json
var versionFile []byte

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	var file struct{ Version string }
	if err := json.Unmarshal(versionFile, &file); err != nil {
		return fmt.Errorf("version.json: %w", err)
	}
	options := providerserver.ServeOpts{Address: provider.Address}
	return providerserver.Serve(context.Background(), provider.New(file.Version), options)
}
