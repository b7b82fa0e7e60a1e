package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/moby/moby/client"

	"pgraft.local/embedded/docker/internal/engine"
)

const (
	// callTimeout bounds one ordinary request to the engine.
	callTimeout = 2 * time.Minute
	// gonePoll is the pause between two looks at an object that is in use.
	gonePoll = 200 * time.Millisecond
)

// goneTimeout bounds the wait until an object is no longer in use; a variable,
// so that a test need not wait as long.
var goneTimeout = 30 * time.Second

// connected is embedded by every resource: the engine's client, set once the
// provider is configured.
type connected struct{ docker *client.Client }

func (c *connected) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if req.ProviderData == nil {
		return // validation, before the provider is configured
	}
	docker, ok := req.ProviderData.(*client.Client)
	if !ok {
		resp.Diagnostics.AddError("Docker cannot be used", fmt.Sprintf("Cause: the provider handed over a %T", req.ProviderData))
		return
	}
	c.docker = docker
}

// fail reports an engine's error with the object's name, the cause and, where
// one is known, the fix.
func fail(diagnostics *diag.Diagnostics, action, kind, name string, err error) {
	diagnostics.AddError(fmt.Sprintf("Cannot %s %s %q", action, kind, name), engine.Explain(err))
}

// retryWhile repeats attempt as long as it fails with an error that waiting
// may cure, up to goneTimeout; the last error is returned.
func retryWhile(ctx context.Context, curable func(error) bool, attempt func(context.Context) error) error {
	deadline, cancel := context.WithTimeout(ctx, goneTimeout)
	defer cancel()
	for {
		err := attempt(ctx)
		if err == nil || !curable(err) {
			return err
		}
		select {
		case <-deadline.Done():
			return fmt.Errorf("still so after %s: %w", goneTimeout, err)
		case <-time.After(gonePoll):
		}
	}
}

type labelModel struct {
	Label types.String `tfsdk:"label"`
	Value types.String `tfsdk:"value"`
}

// labelsBlock is the `labels` block that containers, networks and volumes share.
func labelsBlock() schema.Block {
	return schema.SetNestedBlock{
		Description:   "User-defined key/value metadata.",
		PlanModifiers: []planmodifier.Set{setplanmodifier.RequiresReplace()},
		NestedObject: schema.NestedBlockObject{
			Attributes: map[string]schema.Attribute{
				"label": schema.StringAttribute{Required: true, Description: "Name of the label."},
				"value": schema.StringAttribute{Required: true, Description: "Value of the label."},
			},
		},
	}
}

func labelMap(labels []labelModel) map[string]string {
	result := make(map[string]string, len(labels))
	for _, label := range labels {
		result[label.Label.ValueString()] = label.Value.ValueString()
	}
	return result
}

// readLabels is what the engine has, sorted by name.
func readLabels(found map[string]string) []labelModel {
	labels := make([]labelModel, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		labels = append(labels, labelModel{Label: types.StringValue(name), Value: types.StringValue(found[name])})
	}
	return labels
}

// computedString is an attribute that only the engine sets.
func computedString(description string) schema.Attribute {
	return schema.StringAttribute{
		Computed:      true,
		Description:   description,
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// chosenString is an attribute that the user may set and the engine completes;
// a changed value replaces the object.
func chosenString(description string) schema.Attribute {
	return schema.StringAttribute{
		Optional:      true,
		Computed:      true,
		Description:   description,
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
	}
}

// requiredName is a name whose change replaces the object.
func requiredName(description string) schema.Attribute {
	return schema.StringAttribute{
		Required:      true,
		Description:   description,
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
}
