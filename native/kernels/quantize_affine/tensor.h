// quantize_affine over whole tensors: any granularity, bytes or packed nibbles, split over the pool.
#pragma once
#include "engine/thread_pool.h"
#include "kernels/granularity.h"
#include "kernels/quantize_affine/quantize_affine.h"

namespace gossamer {

// kBytes: one code a byte. kNibbles: two codes a byte, the even element in the low half; an odd count leaves the last
// high half 0.
enum class CodeStorage { kBytes, kNibbles };

struct QuantizedTensor {
  TensorLayout layout;
  const float* scale;         // layout.ParameterCount() of them
  const int32_t* zero_point;  // as many
  CodeStorage storage;
  bool is_signed;
};

// x: layout.Count() floats; codes: as many bytes, or half (rounded up) for kNibbles. False when aborted; codes is then
// partly written.
bool QuantizeTensor(const float* x, const QuantizedTensor& tensor, CodeRange range, uint8_t* codes, AbortFlag abort);
bool DequantizeTensor(const uint8_t* codes, const QuantizedTensor& tensor, float* x, AbortFlag abort);

}  // namespace gossamer
