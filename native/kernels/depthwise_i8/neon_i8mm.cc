#include "kernels/simd/neon.h"

namespace gossamer {
namespace {

constexpr int32_t kRowOffset = 0;

inline int32x4_t Dot(int32x4_t acc, int32x4_t x, int32x4_t w) {
  return vusdotq_s32(acc, vreinterpretq_u8_s32(x), vreinterpretq_s8_s32(w));
}

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_i8/run_neon.h"

namespace gossamer {

void DepthwiseI8NeonI8mm(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                         const PackedDepthwiseI8& weights, const Int8Output& output) {
  RunDepthwise(x, rows, row_begin, row_end, weights, output);
}

}  // namespace gossamer
