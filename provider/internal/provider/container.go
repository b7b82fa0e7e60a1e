package provider

import (
	"context"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

type containerResource struct{ connected }

func newContainer() resource.Resource { return &containerResource{} }

func (r *containerResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "docker_container"
}

// ValidateConfig refuses must_run = true (the default, as in kreuzwerker's
// provider): there, the refresh of a mere plan deletes a container that is
// stopped, which nothing in this project may do.
func (r *containerResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var mustRun types.Bool
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("must_run"), &mustRun)...)
	if mustRun.IsUnknown() || (!mustRun.IsNull() && !mustRun.ValueBool()) {
		return
	}
	resp.Diagnostics.AddAttributeError(path.Root("must_run"), "must_run = true is not served",
		"Cause: with must_run = true (the default) a plan deletes a container that it finds stopped.\nFix: set must_run = false.")
}

func (r *containerResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan containerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name := plan.Name.ValueString()
	options, err := plan.createOptions(ctx)
	if err != nil {
		fail(&resp.Diagnostics, "create", "container", name, err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	created, err := r.docker.ContainerCreate(ctx, options)
	if err != nil {
		fail(&resp.Diagnostics, "create", "container", name, err)
		return
	}
	plan.ID = types.StringValue(created.ID)
	// From here on the container exists: whatever fails, the state has to name
	// it, so that Terraform marks it tainted instead of forgetting it.
	startErr := r.attachAndStart(ctx, &plan)
	r.complete(ctx, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	if startErr != nil {
		fail(&resp.Diagnostics, "start", "container", name, startErr)
	}
}

// attachAndStart moves the new container from the default bridge to its own
// networks and starts it.
func (r *containerResource) attachAndStart(ctx context.Context, plan *containerModel) error {
	id := plan.ID.ValueString()
	if len(plan.Networks) > 0 {
		_, err := r.docker.NetworkDisconnect(ctx, "bridge", client.NetworkDisconnectOptions{Container: id})
		if err != nil && !strings.Contains(err.Error(), "is not connected to") {
			return err
		}
	}
	for _, attachment := range plan.Networks {
		_, err := r.docker.NetworkConnect(ctx, attachment.Name.ValueString(), client.NetworkConnectOptions{
			Container:      id,
			EndpointConfig: &network.EndpointSettings{Aliases: attachment.Aliases},
		})
		if err != nil {
			return err
		}
	}
	_, err := r.docker.ContainerStart(ctx, id, client.ContainerStartOptions{})
	return err
}

// complete fills in what the engine has chosen for attributes the user left out.
func (r *containerResource) complete(ctx context.Context, plan *containerModel, diagnostics *diag.Diagnostics) {
	found, err := r.docker.ContainerInspect(ctx, plan.ID.ValueString(), client.ContainerInspectOptions{})
	if err != nil {
		fail(diagnostics, "read", "container", plan.Name.ValueString(), err)
		plan.settleUnknown(ctx)
		return
	}
	plan.settleChosen(ctx, found.Container)
}

func (r *containerResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state containerModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := r.docker.ContainerInspect(ctx, state.ID.ValueString(), client.ContainerInspectOptions{})
	if cerrdefs.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		fail(&resp.Diagnostics, "read", "container", state.Name.ValueString(), err)
		return
	}
	state.refresh(found.Container)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update changes the restart policy and the memory limits of the running
// container; what is left (destroy_grace_seconds) lives in the state alone.
func (r *containerResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state containerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.Restart.Equal(state.Restart) || !plan.Memory.Equal(state.Memory) || !plan.MemorySwap.Equal(state.MemorySwap) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		if _, err := r.docker.ContainerUpdate(ctx, plan.ID.ValueString(), plan.updateOptions()); err != nil {
			fail(&resp.Diagnostics, "update", "container", plan.Name.ValueString(), err)
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// Delete stops the container, with destroy_grace_seconds to do so, removes it
// with its anonymous volumes and returns when it is gone.
func (r *containerResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state containerModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	id, grace := state.ID.ValueString(), int(state.DestroyGraceSeconds.ValueInt64())
	stopCtx, cancel := context.WithTimeout(ctx, callTimeout+time.Duration(grace)*time.Second)
	defer cancel()
	_, err := r.docker.ContainerStop(stopCtx, id, client.ContainerStopOptions{Timeout: &grace})
	if err != nil && !cerrdefs.IsNotFound(err) {
		fail(&resp.Diagnostics, "stop", "container", state.Name.ValueString(), err)
		return
	}
	underway := func(err error) bool { return strings.Contains(err.Error(), "already in progress") }
	err = retryWhile(ctx, underway, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		_, err := r.docker.ContainerRemove(ctx, id, client.ContainerRemoveOptions{RemoveVolumes: true, Force: true})
		return err
	})
	if err != nil && !cerrdefs.IsNotFound(err) {
		fail(&resp.Diagnostics, "remove", "container", state.Name.ValueString(), err)
	}
}
