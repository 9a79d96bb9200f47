// Integers of a tensor under adaptive models: packages/encode/src/tensors/integer-stream.ts and what it calls.
#pragma once
#include <vector>

#include "encode/range_decoder.h"
#include "encode/tensor_spec.h"

namespace gossamer {

// As many integers as dims say; throws DamagedStream.
std::vector<int32_t> ReadIntegers(RangeDecoder& coder, const std::vector<size_t>& dims, size_t count);

}  // namespace gossamer
