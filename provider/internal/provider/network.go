package provider

import (
	"context"
	"fmt"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/moby/moby/client"
)

type networkResource struct{ connected }

type networkModel struct {
	ID     types.String `tfsdk:"id"`
	Name   types.String `tfsdk:"name"`
	Driver types.String `tfsdk:"driver"`
	Labels []labelModel `tfsdk:"labels"`
}

func newNetwork() resource.Resource { return &networkResource{} }

func (r *networkResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "docker_network"
}

func (r *networkResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "A Docker network.",
		Attributes: map[string]schema.Attribute{
			"id":     computedString("The engine's id of the network."),
			"name":   requiredName("The name of the network."),
			"driver": chosenString("The driver of the network; the engine's default is bridge."),
		},
		Blocks: map[string]schema.Block{"labels": labelsBlock()},
	}
}

func (r *networkResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan networkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name := plan.Name.ValueString()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := r.refuseDuplicate(ctx, name); err != nil {
		fail(&resp.Diagnostics, "create", "network", name, err)
		return
	}
	created, err := r.docker.NetworkCreate(ctx, name, client.NetworkCreateOptions{
		Driver: plan.Driver.ValueString(),
		Labels: labelMap(plan.Labels),
	})
	if err != nil {
		fail(&resp.Diagnostics, "create", "network", name, err)
		return
	}
	plan.ID = types.StringValue(created.ID)
	if _, err := r.refresh(ctx, &plan); err != nil {
		plan.Driver = types.StringValue(plan.Driver.ValueString())
		fail(&resp.Diagnostics, "read", "network", name, err)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// refuseDuplicate is needed because engines before API 1.44 give two networks
// the same name without a word.
func (r *networkResource) refuseDuplicate(ctx context.Context, name string) error {
	found, err := r.docker.NetworkList(ctx, client.NetworkListOptions{Filters: make(client.Filters).Add("name", name)})
	if err != nil {
		return err
	}
	for _, network := range found.Items { // the filter also matches parts of names
		if network.Name == name {
			return fmt.Errorf("a network of that name exists already (id %.12s); remove it with `docker network rm %s`, "+
				"or choose another prefix in the settings", network.ID, name)
		}
	}
	return nil
}

// refresh reads the network back; false means that it is gone.
func (r *networkResource) refresh(ctx context.Context, state *networkModel) (bool, error) {
	found, err := r.docker.NetworkInspect(ctx, state.ID.ValueString(), client.NetworkInspectOptions{})
	if cerrdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	state.Name = types.StringValue(found.Network.Name)
	state.Driver = types.StringValue(found.Network.Driver)
	state.Labels = readLabels(found.Network.Labels)
	return true, nil
}

func (r *networkResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state networkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	exists, err := r.refresh(ctx, &state)
	if err != nil {
		fail(&resp.Diagnostics, "read", "network", state.Name.ValueString(), err)
		return
	}
	if !exists {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update is never reached with a difference: every attribute replaces.
func (r *networkResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r *networkResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state networkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	inUse := func(err error) bool { return strings.Contains(err.Error(), "has active endpoints") }
	err := retryWhile(ctx, inUse, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		_, err := r.docker.NetworkRemove(ctx, state.ID.ValueString(), client.NetworkRemoveOptions{})
		return err
	})
	if err != nil && !cerrdefs.IsNotFound(err) {
		fail(&resp.Diagnostics, "remove", "network", state.Name.ValueString(), err)
	}
}
