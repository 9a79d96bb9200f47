// Decodes the streams of tensors in .gsm files (docs/gsm-format.md): the same bytes as packages/encode/src/tensors, and an error for the same
// streams.
#pragma once
#include "encode/tensor_spec.h"

namespace gossamer {

// Writes spec.ByteLength() bytes, in ONNX raw layout; false for a stream that no encoder wrote (then `out` holds anything). Nothing larger than a few
// times the tensor is allocated, and nothing before the stream is long enough to hold one; throws std::bad_alloc alone. spec.type has bits.
bool DecodeTensor(const uint8_t* stream, size_t length, const TensorSpec& spec, uint8_t* out);

}  // namespace gossamer
