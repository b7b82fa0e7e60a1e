package provider

import (
	"context"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var restartPolicies = regexp.MustCompile(`^(no|on-failure|always|unless-stopped)$`)

func (r *containerResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "A Docker container.",
		Attributes: map[string]schema.Attribute{
			"id":         computedString("The engine's id of the container."),
			"name":       requiredName("The name of the container."),
			"image":      requiredName("The image, by name or id. It must be on the engine: nothing is pulled."),
			"hostname":   chosenString("Host name inside the container."),
			"log_driver": chosenString("The logging driver."),
			"env": schema.SetAttribute{
				Optional:      true,
				Computed:      true,
				ElementType:   types.StringType,
				Description:   "Environment, as NAME=value. Not read back.",
				PlanModifiers: []planmodifier.Set{setplanmodifier.UseStateForUnknown(), setplanmodifier.RequiresReplace()},
			},
			"restart": schema.StringAttribute{
				Optional:    true,
				Computed:    true,
				Default:     stringdefault.StaticString("no"),
				Description: "Restart policy: no, on-failure, always or unless-stopped.",
				Validators: []validator.String{
					stringvalidator.RegexMatches(restartPolicies, "must be no, on-failure, always or unless-stopped"),
				},
			},
			"must_run": schema.BoolAttribute{
				Optional:    true,
				Computed:    true,
				Default:     booldefault.StaticBool(true),
				Description: "Whether a stopped container counts as lost. Only false is served, see ValidateConfig.",
			},
			"stop_timeout":          replacingSize("Seconds that `docker stop` waits before it kills."),
			"shm_size":              replacingSize("Size of /dev/shm in MB.", int64validator.AtLeast(0)),
			"destroy_grace_seconds": schema.Int64Attribute{Optional: true, Description: "Seconds given to the container to stop before it is removed; without it, none."},
			"memory": schema.Int64Attribute{
				Optional:    true,
				Description: "Memory limit in MB.",
				Validators:  []validator.Int64{int64validator.AtLeast(0)},
			},
			"memory_swap": schema.Int64Attribute{
				Optional:    true,
				Description: "Limit of memory and swap together in MB, -1 for none.",
				Validators:  []validator.Int64{int64validator.AtLeast(-1)},
			},
			"log_opts": schema.MapAttribute{
				Optional:      true,
				ElementType:   types.StringType,
				Description:   "Options of the logging driver.",
				PlanModifiers: []planmodifier.Map{mapplanmodifier.RequiresReplace()},
			},
		},
		Blocks: map[string]schema.Block{
			"labels":            labelsBlock(),
			"ports":             portsBlock(),
			"networks_advanced": networksBlock(),
			"volumes":           volumesBlock(),
		},
	}
}

// replacingSize is a whole number that the engine completes and whose change
// replaces the container.
func replacingSize(description string, validators ...validator.Int64) schema.Attribute {
	return schema.Int64Attribute{
		Optional:      true,
		Computed:      true,
		Description:   description,
		Validators:    validators,
		PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown(), int64planmodifier.RequiresReplace()},
	}
}

// portsDiffer is false for the same ports in another order: nothing about the
// container has to change for that.
func portsDiffer(_ context.Context, req planmodifier.ListRequest, resp *listplanmodifier.RequiresReplaceIfFuncResponse) {
	resp.RequiresReplace = !slices.Equal(sortedText(req.StateValue), sortedText(req.PlanValue))
}

func sortedText(list types.List) []string {
	texts := []string{}
	for _, element := range list.Elements() {
		texts = append(texts, element.String())
	}
	slices.Sort(texts)
	return texts
}

func portsBlock() schema.Block {
	port := int64validator.Between(1, 65535)
	return schema.ListNestedBlock{
		Description:   "A port published on the host.",
		PlanModifiers: []planmodifier.List{listplanmodifier.RequiresReplaceIf(portsDiffer, "other ports replace", "other ports replace")},
		NestedObject: schema.NestedBlockObject{
			Attributes: map[string]schema.Attribute{
				"internal": schema.Int64Attribute{Required: true, Validators: []validator.Int64{port}, Description: "Port in the container."},
				"external": schema.Int64Attribute{
					Optional:      true,
					Computed:      true,
					Validators:    []validator.Int64{port},
					Description:   "Port on the host; a free one when not given.",
					PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
				},
				"ip": schema.StringAttribute{
					Optional: true, Computed: true, Default: stringdefault.StaticString("0.0.0.0"),
					Description: "Address of the host that the port is published on.",
				},
				"protocol": schema.StringAttribute{
					Optional: true, Computed: true, Default: stringdefault.StaticString("tcp"),
					Description: "Protocol of the port.",
				},
			},
		},
	}
}

func networksBlock() schema.Block {
	return schema.SetNestedBlock{
		Description:   "A network the container is attached to, instead of the default bridge. Not read back.",
		PlanModifiers: []planmodifier.Set{setplanmodifier.RequiresReplace()},
		NestedObject: schema.NestedBlockObject{
			Attributes: map[string]schema.Attribute{
				"name":    schema.StringAttribute{Required: true, Description: "Name or id of the network."},
				"aliases": schema.SetAttribute{Optional: true, ElementType: types.StringType, Description: "Further names of the container there."},
			},
		},
	}
}

func volumesBlock() schema.Block {
	return schema.SetNestedBlock{
		Description:   "A volume mounted into the container. Not read back.",
		PlanModifiers: []planmodifier.Set{setplanmodifier.RequiresReplace()},
		NestedObject: schema.NestedBlockObject{
			Attributes: map[string]schema.Attribute{
				"volume_name":    schema.StringAttribute{Required: true, Description: "Name of the volume."},
				"container_path": schema.StringAttribute{Required: true, Description: "Where it is mounted."},
			},
		},
	}
}
