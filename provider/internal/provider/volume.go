package provider

import (
	"context"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"
)

type volumeResource struct{ connected }

type volumeModel struct {
	ID         types.String `tfsdk:"id"`
	Name       types.String `tfsdk:"name"`
	Driver     types.String `tfsdk:"driver"`
	Mountpoint types.String `tfsdk:"mountpoint"`
	Labels     []labelModel `tfsdk:"labels"`
}

func newVolume() resource.Resource { return &volumeResource{} }

func (r *volumeResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "docker_volume"
}

func (r *volumeResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "A Docker volume. A volume of that name that exists already is taken over, as the engine does.",
		Attributes: map[string]schema.Attribute{
			"id":         computedString("The name of the volume."),
			"name":       chosenString("The name of the volume; generated when not given."),
			"driver":     computedString("The driver of the volume: local."),
			"mountpoint": computedString("Where the volume lies on the engine's machine."),
		},
		Blocks: map[string]schema.Block{"labels": labelsBlock()},
	}
}

func (r *volumeResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan volumeModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	created, err := r.docker.VolumeCreate(ctx, client.VolumeCreateOptions{
		Name:   plan.Name.ValueString(),
		Labels: labelMap(plan.Labels),
	})
	if err != nil {
		fail(&resp.Diagnostics, "create", "volume", plan.Name.ValueString(), err)
		return
	}
	plan.take(created.Volume)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// take copies what the engine says, but for the labels: one that existed before
// its creation keeps those it had, which the next refresh shows.
func (m *volumeModel) take(found volume.Volume) {
	m.ID = types.StringValue(found.Name)
	m.Name = types.StringValue(found.Name)
	m.Driver = types.StringValue(found.Driver)
	m.Mountpoint = types.StringValue(found.Mountpoint)
}

func (r *volumeResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state volumeModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := r.docker.VolumeInspect(ctx, state.ID.ValueString(), client.VolumeInspectOptions{})
	if cerrdefs.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		fail(&resp.Diagnostics, "read", "volume", state.Name.ValueString(), err)
		return
	}
	state.take(found.Volume)
	state.Labels = readLabels(found.Volume.Labels)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update is never reached with a difference: every attribute replaces.
func (r *volumeResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r *volumeResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state volumeModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	inUse := func(err error) bool { return strings.Contains(err.Error(), "volume is in use") }
	err := retryWhile(ctx, inUse, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		_, err := r.docker.VolumeRemove(ctx, state.ID.ValueString(), client.VolumeRemoveOptions{Force: true})
		return err
	})
	if err != nil && !cerrdefs.IsNotFound(err) {
		fail(&resp.Diagnostics, "remove", "volume", state.Name.ValueString(), err)
	}
}
