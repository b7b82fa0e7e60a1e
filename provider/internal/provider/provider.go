// Package provider serves the resources of the embedded Docker provider. Names,
// blocks, defaults and what replaces an object are those of kreuzwerker/docker
// 3.9.0, for exactly the attributes that this project's constructs set.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"pgraft.local/embedded/docker/internal/engine"
)

// Address is the provider's source address in a Terraform configuration.
const Address = "pgraft.local/embedded/docker"

type dockerProvider struct{ version string }

// New returns a maker of the provider, not yet connected to an engine.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &dockerProvider{version: version} }
}

func (p *dockerProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "docker"
	resp.Version = p.version
}

func (p *dockerProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		Attributes: map[string]schema.Attribute{
			"host": schema.StringAttribute{
				Optional:    true,
				Description: "The engine's address; default: DOCKER_HOST, else the current Docker context's, else the default socket.",
			},
		},
	}
}

func (p *dockerProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config struct {
		Host types.String `tfsdk:"host"`
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.Host.IsUnknown() {
		return
	}
	docker, err := engine.Connect(ctx, config.Host.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Docker cannot be used", engine.Explain(err))
		return
	}
	resp.ResourceData = docker
}

func (p *dockerProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newContainer, newImage, newNetwork, newVolume}
}

func (p *dockerProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
