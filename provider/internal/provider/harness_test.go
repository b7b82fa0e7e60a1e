package provider

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// values is an object as a test writes it; what it leaves out is null.
type values = map[string]any

// harness speaks Terraform's protocol to the provider, as Terraform does.
type harness struct {
	t       *testing.T
	server  tfprotov6.ProviderServer
	schemas map[string]*tfprotov6.Schema
	types   map[string]tftypes.Object
}

// change is what a plan says about one object.
type change struct {
	planned  values
	private  []byte
	replaces []string
	errors   []string
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(New("3.9.0")())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, server: server, schemas: schemas.ResourceSchemas, types: map[string]tftypes.Object{}}
	for name, schema := range schemas.ResourceSchemas {
		h.types[name] = schema.ValueType().(tftypes.Object)
	}
	return h
}

// onEngine is a harness whose provider is connected to the engine of this machine.
func onEngine(t *testing.T) *harness {
	h := newHarness(t)
	config := h.encode(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"host": tftypes.String}}, values{})
	response, err := h.server.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{Config: config})
	h.check(err, response.Diagnostics)
	return h
}

func (h *harness) check(err error, diagnostics []*tfprotov6.Diagnostic) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	if messages := errorsOf(diagnostics); len(messages) > 0 {
		h.t.Fatal(strings.Join(messages, "\n"))
	}
}

func errorsOf(diagnostics []*tfprotov6.Diagnostic) []string {
	messages := []string{}
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			messages = append(messages, diagnostic.Summary+"\n"+diagnostic.Detail)
		}
	}
	return messages
}

// validate returns the errors that the configuration alone has.
func (h *harness) validate(kind string, config values) []string {
	h.t.Helper()
	response, err := h.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: kind, Config: h.encode(h.types[kind], config),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return errorsOf(response.Diagnostics)
}

// ask sends the plan of the object `prior` (nil: there is none) under a
// configuration (nil: none).
func (h *harness) ask(kind string, prior, config values) *tfprotov6.PlanResourceChangeResponse {
	h.t.Helper()
	var proposed values
	if config != nil {
		proposed = propose(prior, config)
	}
	response, err := h.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName:         kind,
		PriorState:       h.encode(h.types[kind], prior),
		ProposedNewState: h.encode(h.types[kind], proposed),
		Config:           h.encode(h.types[kind], config),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return response
}

// plan returns what becomes of the object `prior` under a configuration.
func (h *harness) plan(kind string, prior, config values) change {
	h.t.Helper()
	response := h.ask(kind, prior, config)
	result := change{planned: h.decode(kind, response.PlannedState), private: response.PlannedPrivate, errors: errorsOf(response.Diagnostics)}
	for _, path := range response.RequiresReplace {
		result.replaces = append(result.replaces, path.String())
	}
	return result
}

// apply plans and applies, and returns the new state and the errors.
func (h *harness) apply(kind string, prior, config values) (values, []string) {
	h.t.Helper()
	planned := h.ask(kind, prior, config)
	h.check(nil, planned.Diagnostics)
	applied, err := h.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName:       kind,
		PriorState:     h.encode(h.types[kind], prior),
		PlannedState:   planned.PlannedState,
		PlannedPrivate: planned.PlannedPrivate,
		Config:         h.encode(h.types[kind], config),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.decode(kind, applied.NewState), errorsOf(applied.Diagnostics)
}

// create applies a new object and destroys it when the test ends.
func (h *harness) create(kind string, config values) values {
	h.t.Helper()
	state, errors := h.apply(kind, nil, config)
	if len(errors) > 0 {
		h.t.Fatal(strings.Join(errors, "\n"))
	}
	h.t.Cleanup(func() {
		if _, errors := h.apply(kind, state, nil); len(errors) > 0 {
			h.t.Error(strings.Join(errors, "\n"))
		}
	})
	return state
}

// read refreshes a state; nil means that the object is gone.
func (h *harness) read(kind string, state values) values {
	h.t.Helper()
	response, err := h.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: kind, CurrentState: h.encode(h.types[kind], state),
	})
	h.check(err, response.Diagnostics)
	return h.decode(kind, response.NewState)
}

// propose is Terraform's merge of a configuration with the prior state, as far
// as these schemas need it: what the configuration leaves out stays.
func propose(prior, config values) values {
	proposed := values{}
	for name, value := range prior {
		if _, isBlock := value.([]any); !isBlock {
			proposed[name] = value
		}
	}
	for name, value := range config {
		proposed[name] = value
	}
	return proposed
}

func (h *harness) encode(kind tftypes.Type, object values) *tfprotov6.DynamicValue {
	h.t.Helper()
	var content any
	if object != nil {
		content = complete(kind, object)
	}
	text, err := json.Marshal(content)
	if err != nil {
		h.t.Fatal(err)
	}
	return &tfprotov6.DynamicValue{JSON: text}
}

// complete adds the nulls (and empty blocks) that Terraform would send.
func complete(kind tftypes.Type, value any) any {
	switch kind := kind.(type) {
	case tftypes.Object:
		result := values{}
		given, _ := value.(values)
		for name, attribute := range kind.AttributeTypes {
			result[name] = complete(attribute, given[name])
		}
		return result
	case tftypes.List:
		return completeElements(kind.ElementType, value)
	case tftypes.Set:
		return completeElements(kind.ElementType, value)
	default:
		return value
	}
}

func completeElements(element tftypes.Type, value any) any {
	_, isBlock := element.(tftypes.Object)
	if value == nil && !isBlock {
		return nil
	}
	result := []any{}
	switch given := value.(type) {
	case []values:
		for _, item := range given {
			result = append(result, complete(element, item))
		}
	case []any:
		for _, item := range given {
			result = append(result, complete(element, item))
		}
	case []string:
		for _, item := range given {
			result = append(result, item)
		}
	}
	return result
}

// decode turns an answer into plain values; unknown ones become unknownValue.
func (h *harness) decode(kind string, encoded *tfprotov6.DynamicValue) values {
	h.t.Helper()
	if encoded == nil {
		return nil
	}
	value, err := encoded.Unmarshal(h.types[kind])
	if err != nil {
		h.t.Fatal(err)
	}
	result, _ := plain(h.t, value).(values)
	return result
}

const unknownValue = "(known after apply)"

func plain(t *testing.T, value tftypes.Value) any {
	t.Helper()
	if !value.IsKnown() {
		return unknownValue
	}
	if value.IsNull() {
		return nil
	}
	switch {
	case value.Type().Is(tftypes.String):
		var text string
		must(t, value.As(&text))
		return text
	case value.Type().Is(tftypes.Bool):
		var truth bool
		must(t, value.As(&truth))
		return truth
	case value.Type().Is(tftypes.Number):
		return number(t, value)
	case value.Type().Is(tftypes.Object{}), value.Type().Is(tftypes.Map{}):
		parts, result := map[string]tftypes.Value{}, values{}
		must(t, value.As(&parts))
		for name, part := range parts {
			result[name] = plain(t, part)
		}
		return result
	default:
		parts, result := []tftypes.Value{}, []any{}
		must(t, value.As(&parts))
		for _, part := range parts {
			result = append(result, plain(t, part))
		}
		return result
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inhabitant runs a container that keeps something in use, and removes it when the test ends, also one that a run before has left or
// that did not start.
func inhabitant(t *testing.T, name string, options ...string) string {
	t.Helper()
	remove := func() { _ = exec.Command("docker", "rm", "-f", name).Run() }
	remove()
	t.Cleanup(remove)
	docker(t, append(append([]string{"run", "-d", "--name", name}, options...), testImage)...)
	return name
}

// docker runs the command line client and returns what it prints.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}
