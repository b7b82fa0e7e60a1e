package provider

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

const megabyte = 1024 * 1024

type containerModel struct {
	ID                  types.String      `tfsdk:"id"`
	Name                types.String      `tfsdk:"name"`
	Image               types.String      `tfsdk:"image"`
	Hostname            types.String      `tfsdk:"hostname"`
	Env                 types.Set         `tfsdk:"env"`
	Restart             types.String      `tfsdk:"restart"`
	MustRun             types.Bool        `tfsdk:"must_run"`
	StopTimeout         types.Int64       `tfsdk:"stop_timeout"`
	DestroyGraceSeconds types.Int64       `tfsdk:"destroy_grace_seconds"`
	Memory              types.Int64       `tfsdk:"memory"`
	MemorySwap          types.Int64       `tfsdk:"memory_swap"`
	ShmSize             types.Int64       `tfsdk:"shm_size"`
	LogDriver           types.String      `tfsdk:"log_driver"`
	LogOpts             map[string]string `tfsdk:"log_opts"`
	Labels              []labelModel      `tfsdk:"labels"`
	Ports               []portModel       `tfsdk:"ports"`
	Networks            []attachmentModel `tfsdk:"networks_advanced"`
	Volumes             []mountModel      `tfsdk:"volumes"`
}

type portModel struct {
	Internal types.Int64  `tfsdk:"internal"`
	External types.Int64  `tfsdk:"external"`
	IP       types.String `tfsdk:"ip"`
	Protocol types.String `tfsdk:"protocol"`
}

type attachmentModel struct {
	Name    types.String `tfsdk:"name"`
	Aliases []string     `tfsdk:"aliases"`
}

type mountModel struct {
	VolumeName    types.String `tfsdk:"volume_name"`
	ContainerPath types.String `tfsdk:"container_path"`
}

// createOptions is the container as the engine wants it described.
func (m *containerModel) createOptions(ctx context.Context) (client.ContainerCreateOptions, error) {
	exposed, bindings, err := m.portBindings()
	if err != nil {
		return client.ContainerCreateOptions{}, err
	}
	config := &container.Config{
		Image:        m.Image.ValueString(),
		Hostname:     m.Hostname.ValueString(),
		Labels:       labelMap(m.Labels),
		ExposedPorts: exposed,
	}
	if !m.Env.IsUnknown() {
		if diagnostics := m.Env.ElementsAs(ctx, &config.Env, false); diagnostics.HasError() {
			return client.ContainerCreateOptions{}, fmt.Errorf("env is not a set of strings: %s", diagnostics[0].Detail())
		}
		slices.Sort(config.Env) // a set has no order; the container's definition should not have a random one
	}
	if seconds := int(m.StopTimeout.ValueInt64()); seconds != 0 {
		config.StopTimeout = &seconds
	}
	hostConfig := &container.HostConfig{
		NetworkMode:   "bridge",
		PortBindings:  bindings,
		RestartPolicy: m.restartPolicy(),
		ShmSize:       m.ShmSize.ValueInt64() * megabyte,
		LogConfig:     container.LogConfig{Type: m.LogDriver.ValueString(), Config: m.LogOpts},
		Resources:     m.resources(),
	}
	for _, mount := range m.Volumes {
		hostConfig.Binds = append(hostConfig.Binds, mount.VolumeName.ValueString()+":"+mount.ContainerPath.ValueString()+":rw")
	}
	return client.ContainerCreateOptions{Name: m.Name.ValueString(), Config: config, HostConfig: hostConfig}, nil
}

func (m *containerModel) updateOptions() client.ContainerUpdateOptions {
	resources, policy := m.resources(), m.restartPolicy()
	return client.ContainerUpdateOptions{Resources: &resources, RestartPolicy: &policy}
}

func (m *containerModel) restartPolicy() container.RestartPolicy {
	return container.RestartPolicy{Name: container.RestartPolicyMode(m.Restart.ValueString())}
}

func (m *containerModel) resources() container.Resources {
	swap := m.MemorySwap.ValueInt64()
	if swap > 0 {
		swap *= megabyte
	}
	return container.Resources{Memory: m.Memory.ValueInt64() * megabyte, MemorySwap: swap}
}

func (m *containerModel) portBindings() (network.PortSet, network.PortMap, error) {
	exposed, bindings := network.PortSet{}, network.PortMap{}
	for _, port := range m.Ports {
		key, err := network.ParsePort(fmt.Sprintf("%d/%s", port.Internal.ValueInt64(), port.Protocol.ValueString()))
		if err != nil {
			return nil, nil, fmt.Errorf("ports: %w", err)
		}
		address, err := netip.ParseAddr(port.IP.ValueString())
		if err != nil {
			return nil, nil, fmt.Errorf("ports: ip of port %d: %w; give an address of the host such as 127.0.0.1", port.Internal.ValueInt64(), err)
		}
		binding := network.PortBinding{HostIP: address}
		if external := port.External.ValueInt64(); external != 0 {
			binding.HostPort = strconv.FormatInt(external, 10)
		}
		exposed[key] = struct{}{}
		bindings[key] = append(bindings[key], binding)
	}
	return exposed, bindings, nil
}

// settleChosen replaces what is still unknown after creation by what the
// engine chose, and leaves everything that the plan fixed as it is.
func (m *containerModel) settleChosen(ctx context.Context, found container.InspectResponse) {
	if m.Hostname.IsUnknown() {
		m.Hostname = types.StringValue(found.Config.Hostname)
	}
	if m.StopTimeout.IsUnknown() {
		m.StopTimeout = stopTimeout(found)
	}
	if m.ShmSize.IsUnknown() {
		m.ShmSize = types.Int64Value(found.HostConfig.ShmSize / megabyte)
	}
	if m.LogDriver.IsUnknown() {
		m.LogDriver = types.StringValue(found.HostConfig.LogConfig.Type)
	}
	if actual := publishedPorts(found); len(actual) > 0 {
		m.settlePorts(actual)
	}
	m.settleUnknown(ctx)
}

// settlePorts fills in the host ports that the engine picked.
func (m *containerModel) settlePorts(actual []portModel) {
	for i, port := range m.Ports {
		if !port.External.IsUnknown() {
			continue
		}
		for _, candidate := range actual {
			if candidate.Internal.Equal(port.Internal) && candidate.IP.Equal(port.IP) && candidate.Protocol.Equal(port.Protocol) {
				m.Ports[i].External = candidate.External
			}
		}
	}
}

// settleUnknown gives a value to whatever could not be learned from the
// engine: Terraform accepts no unknown value after an apply, failed or not.
func (m *containerModel) settleUnknown(ctx context.Context) {
	for _, text := range []*types.String{&m.Hostname, &m.LogDriver} {
		if text.IsUnknown() {
			*text = types.StringValue("")
		}
	}
	for _, number := range []*types.Int64{&m.StopTimeout, &m.ShmSize} {
		if number.IsUnknown() {
			*number = types.Int64Value(0)
		}
	}
	for i := range m.Ports {
		if m.Ports[i].External.IsUnknown() {
			m.Ports[i].External = types.Int64Value(0)
		}
	}
	if m.Env.IsUnknown() {
		m.Env, _ = types.SetValueFrom(ctx, types.StringType, []string{})
	}
}

// refresh takes over what the engine says now, as kreuzwerker's provider does:
// environment and labels are not read back, since images add to them, nor are
// networks and volumes. Ports are, as they are published: a container that is
// stopped, or cut off its networks, publishes none, and is planned to be replaced.
func (m *containerModel) refresh(found container.InspectResponse) {
	m.Name = types.StringValue(strings.TrimPrefix(found.Name, "/"))
	// By id or by name, as the configuration gives it: a tag that moved on
	// does not change the container.
	if strings.HasPrefix(m.Image.ValueString(), "sha256:") {
		m.Image = types.StringValue(found.Image)
	} else {
		m.Image = types.StringValue(found.Config.Image)
	}
	m.Hostname = types.StringValue(found.Config.Hostname)
	m.StopTimeout = stopTimeout(found)
	m.Restart = types.StringValue(string(found.HostConfig.RestartPolicy.Name))
	m.Memory = sizeOrNull(m.Memory, found.HostConfig.Memory)
	m.MemorySwap = sizeOrNull(m.MemorySwap, found.HostConfig.MemorySwap)
	m.ShmSize = types.Int64Value(found.HostConfig.ShmSize / megabyte)
	m.LogDriver = types.StringValue(found.HostConfig.LogConfig.Type)
	if len(found.HostConfig.LogConfig.Config) > 0 || len(m.LogOpts) > 0 {
		m.LogOpts = found.HostConfig.LogConfig.Config
	}
	m.Ports = sameOrder(m.Ports, publishedPorts(found))
}

func stopTimeout(found container.InspectResponse) types.Int64 {
	if found.Config.StopTimeout == nil {
		return types.Int64Value(0)
	}
	return types.Int64Value(int64(*found.Config.StopTimeout))
}

// sizeOrNull converts bytes to MB and keeps "not set" where the engine says
// the same with a zero.
func sizeOrNull(state types.Int64, bytes int64) types.Int64 {
	if bytes == 0 && state.IsNull() {
		return state
	}
	if bytes > 0 {
		bytes /= megabyte
	}
	return types.Int64Value(bytes)
}

// publishedPorts lists what the running container publishes, by inner port.
func publishedPorts(found container.InspectResponse) []portModel {
	ports := []portModel{}
	if found.NetworkSettings == nil {
		return ports
	}
	for key, bindings := range found.NetworkSettings.Ports {
		for _, binding := range bindings {
			external, err := strconv.ParseInt(binding.HostPort, 10, 64)
			if err != nil {
				continue
			}
			ports = append(ports, portModel{
				Internal: types.Int64Value(int64(key.Num())),
				External: types.Int64Value(external),
				IP:       types.StringValue(binding.HostIP.String()),
				Protocol: types.StringValue(string(key.Proto())),
			})
		}
	}
	slices.SortFunc(ports, func(a, b portModel) int { return strings.Compare(a.sortKey(), b.sortKey()) })
	return ports
}

func (p portModel) sortKey() string {
	return fmt.Sprintf("%05d/%s %s %05d", p.Internal.ValueInt64(), p.Protocol.ValueString(), p.IP.ValueString(), p.External.ValueInt64())
}

// sameOrder returns the known ports as they stand if the actual ones are the
// same in another order, else the actual ones.
func sameOrder(known, actual []portModel) []portModel {
	if len(known) != len(actual) {
		return actual
	}
	for _, port := range known {
		if !slices.Contains(actual, port) {
			return actual
		}
	}
	return known
}
