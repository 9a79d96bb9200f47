// Running packed int8 weights over the rows of activations, split into blocks that stay in the caches and tiles that
// threads share.
#pragma once
#include "engine/operator.h"
#include "engine/operators/int8_weights.h"

namespace gossamer {

// x and rows as GemmI8 wants them; new_bytes: of x that a row does not share with the row before (about); depth: taps *
// piece; needs_row_sums: sets output.row_sums.
void RunInt8Rows(const PackedInt8& weights, size_t outputs, size_t depth, const uint8_t* x, const ActivationRows& rows,
                 size_t new_bytes, Int8Output output, bool needs_row_sums, RunContext& context);

}  // namespace gossamer
