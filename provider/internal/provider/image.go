package provider

import (
	"context"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/moby/moby/client"

	"pgraft.local/embedded/docker/internal/engine"
)

// buildTimeout is kreuzwerker/docker's default for creating an image.
const buildTimeout = 20 * time.Minute

type imageResource struct{ connected }

type imageModel struct {
	ID          types.String `tfsdk:"id"`
	Name        types.String `tfsdk:"name"`
	ImageID     types.String `tfsdk:"image_id"`
	RepoDigest  types.String `tfsdk:"repo_digest"`
	KeepLocally types.Bool   `tfsdk:"keep_locally"`
	Build       []buildModel `tfsdk:"build"`
}

type buildModel struct {
	Context    types.String `tfsdk:"context"`
	Dockerfile types.String `tfsdk:"dockerfile"`
	Tag        []string     `tfsdk:"tag"`
}

func newImage() resource.Resource { return &imageResource{} }

func (r *imageResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "docker_image"
}

func (r *imageResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "An image built on the engine.",
		Attributes: map[string]schema.Attribute{
			"id":           computedString("The image's id followed by its name."),
			"name":         requiredName("The name of the image, with its tag."),
			"image_id":     computedString("The image's id, as `docker inspect` shows it."),
			"repo_digest":  computedString("The image's digest in a registry; empty for one that was only built."),
			"keep_locally": schema.BoolAttribute{Optional: true, Description: "Leave the image on the engine when the resource is destroyed."},
		},
		Blocks: map[string]schema.Block{"build": buildBlock()},
	}
}

func buildBlock() schema.Block {
	return schema.SetNestedBlock{
		Description:   "How to build the image. The embedded provider only builds: `docker pull` an image that is to be pulled.",
		PlanModifiers: []planmodifier.Set{setplanmodifier.RequiresReplace()},
		Validators:    []validator.Set{setvalidator.IsRequired(), setvalidator.SizeAtMost(1)},
		NestedObject: schema.NestedBlockObject{
			Attributes: map[string]schema.Attribute{
				"context": schema.StringAttribute{Required: true, Description: "The build context, a directory."},
				"dockerfile": schema.StringAttribute{
					Optional:    true,
					Computed:    true,
					Default:     stringdefault.StaticString("Dockerfile"),
					Description: "The Dockerfile, relative to the context.",
				},
				"tag": schema.ListAttribute{Optional: true, ElementType: types.StringType, Description: "Further names of the image."},
			},
		},
	}
}

func (r *imageResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name := plan.Name.ValueString()
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	for _, build := range plan.Build {
		err := engine.Build(ctx, r.docker, engine.BuildSpec{
			Context:    build.Context.ValueString(),
			Dockerfile: build.Dockerfile.ValueString(),
			Tags:       append([]string{name}, build.Tag...),
		})
		if err != nil {
			fail(&resp.Diagnostics, "build", "image", name, err)
			return
		}
	}
	if _, err := r.refresh(ctx, &plan); err != nil {
		fail(&resp.Diagnostics, "read", "image", name, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// refresh reads the image of that name back; false means that there is none.
func (r *imageResource) refresh(ctx context.Context, state *imageModel) (bool, error) {
	found, err := r.docker.ImageInspect(ctx, state.Name.ValueString())
	if cerrdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	state.ID = types.StringValue(found.ID + state.Name.ValueString())
	state.ImageID = types.StringValue(found.ID)
	state.RepoDigest = types.StringValue("")
	if len(found.RepoDigests) > 0 {
		state.RepoDigest = types.StringValue(found.RepoDigests[0])
	}
	return true, nil
}

func (r *imageResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	exists, err := r.refresh(ctx, &state)
	if err != nil {
		fail(&resp.Diagnostics, "read", "image", state.Name.ValueString(), err)
		return
	}
	if !exists {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update has only keep_locally to change, which lives in the state alone.
func (r *imageResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r *imageResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || state.KeepLocally.ValueBool() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := r.docker.ImageRemove(ctx, state.Name.ValueString(), client.ImageRemoveOptions{})
	if err != nil && !cerrdefs.IsNotFound(err) {
		fail(&resp.Diagnostics, "remove", "image", state.Name.ValueString(), err)
	}
}
