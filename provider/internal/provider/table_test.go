package provider

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"
)

// attributesFile is the table of what kreuzwerker/docker 3.9.0 does; the stack's
// tests read it, too.
//
//go:embed attributes.json
var attributesFile []byte

// attributeRow says what one attribute means.
type attributeRow struct {
	// Other is a value that differs from the one in the table's object.
	Other any
	// Change is what another value means: replace, update or refused.
	Change string
	// Default is what becomes of an attribute that is left out: a value, none
	// (nil), "computed" by the engine, or "required".
	Default any
	// ReadBack is whether a refresh takes over what the engine says; "identity"
	// where the attribute is what the object is found by.
	ReadBack any
}

// byHandRow says what a plan does after somebody used Docker.
type byHandRow struct {
	Docker []string
	Plan   string
}

// attributeTable is by kind of object; Attributes then by name, those of blocks
// as "block.attribute".
type attributeTable struct {
	Objects    map[string]values
	Attributes map[string]map[string]attributeRow
	ByHand     map[string][]byHandRow
}

func readTable(t *testing.T) attributeTable {
	t.Helper()
	var table attributeTable
	must(t, json.Unmarshal(attributesFile, &table))
	return table
}

// setAt is a copy of object with another value of the attribute, which may be one
// of the only block of its kind ("ports.ip"); nil leaves it out.
func setAt(object values, attribute string, value any) values {
	block, inner, nested := strings.Cut(attribute, ".")
	result := with(object, block, value)
	if nested {
		first := values{}
		if blocks, _ := object[block].([]any); len(blocks) > 0 {
			first, _ = blocks[0].(values)
		}
		result[block] = []any{with(first, inner, value)}
	}
	return result
}

// valueAt is the value of the attribute, nil when there is none.
func valueAt(object values, attribute string) any {
	block, inner, nested := strings.Cut(attribute, ".")
	if !nested {
		return object[block]
	}
	blocks, _ := object[block].([]any)
	if len(blocks) == 0 {
		return nil
	}
	return blocks[0].(values)[inner]
}
