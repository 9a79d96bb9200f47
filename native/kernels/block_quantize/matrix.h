// block_quantize over weight matrices, in the layouts that ONNX wants, split over the pool.
#pragma once
#include "engine/thread_pool.h"
#include "kernels/block_quantize/block_quantize.h"

namespace gossamer {

// A weight of n output and k input features. kKn: [k, n] row-major (MatMul B). kNk: [n, k] row-major (Gemm with
// transB). Blocks run along k.
enum class WeightLayout { kKn, kNk };

struct BlockedWeight {
  const float* w;
  size_t n, k;
  WeightLayout layout;
  size_t block_size;
  size_t BlocksPerColumn() const { return k == 0 ? 0 : (k - 1) / block_size + 1; }
};

// As the inputs of com.microsoft.MatMulNBits; `bits` 2, 4 or 8, block_size a multiple of 16.
// b: [n, blocks, block_size * bits / 8], codes low bits first, k padded with the zero point. scales: [n, blocks].
// zero_points: null, or [n, ceil(blocks * bits / 8)], packed as the codes, unused bits 0.
struct NBitsOutput {
  uint8_t* b;
  float* scales;
  uint8_t* zero_points;
};

// Both: false when aborted, the outputs then partly written; *non_finite becomes the number of NaN and infinite
// weights.
bool QuantizeMatMulNBits(const BlockedWeight& weight, const BlockScheme& scheme, unsigned bits, const NBitsOutput& out,
                         uint64_t* non_finite, AbortFlag abort);

// As the inputs of a blocked DequantizeLinear on the k axis: codes one a byte in the layout of w; scales and
// zero_points [blocks, n] for kKn, [n, blocks] for kNk.
struct BlockedOutput {
  uint8_t* codes;
  float* scales;
  uint8_t* zero_points;
};

bool QuantizeBlockedWeight(const BlockedWeight& weight, const BlockScheme& scheme, const BlockedOutput& out,
                           uint64_t* non_finite, AbortFlag abort);

}  // namespace gossamer
