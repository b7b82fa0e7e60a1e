// Command terraform-provider-docker is the embedded Docker provider of
// pgraft-cluster: the part of kreuzwerker/docker 3.9.0 that this project's
// stacks use, for machines that cannot reach the Terraform registry.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"pgraft.local/embedded/docker/internal/provider"
)

func main() {
	options := providerserver.ServeOpts{Address: provider.Address}
	if err := providerserver.Serve(context.Background(), provider.New, options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
