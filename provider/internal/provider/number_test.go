package provider

import (
	"math/big"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// number is a whole number as the tests compare it.
func number(t *testing.T, value tftypes.Value) int64 {
	t.Helper()
	var float big.Float
	must(t, value.As(&float))
	result, _ := float.Int64()
	return result
}
