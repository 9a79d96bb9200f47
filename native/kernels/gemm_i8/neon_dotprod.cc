#include "kernels/simd/neon.h"

#include "kernels/simd/int8_neon.h"
#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

// The dot product of this extension takes two signed sides: 128 is subtracted from the elements, and what that takes
// from a sum, 128 times the sum of the weights, is in the accumulators from the start.
using Quad = int8x16_t;
using Weights = int8x16_t;
inline Quad LoadQuad(const uint8_t* p) {
  uint32_t four;
  std::memcpy(&four, p, sizeof four);
  return vreinterpretq_s8_u32(vdupq_n_u32(four ^ 0x80808080u));
}
inline Weights LoadWeights(const int8_t* w) { return vld1q_s8(w); }
inline I32 Dot(I32 acc, Quad x, Weights w) { return vdotq_s32(acc, x, w); }

constexpr size_t kMaxRows[] = {8, 8, 7, 6}, kMaxVectors = 4;
constexpr int32_t kRowOffset = 128;

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_i8/tile.h"

namespace gossamer {

void GemmI8NeonDotprod(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                       const PackedWeightsI8& weights, size_t panel_begin, size_t panel_end, const Int8Output& output) {
  RunGemmI8(x, rows, row_begin, row_end, weights, panel_begin, panel_end, output);
}

}  // namespace gossamer
