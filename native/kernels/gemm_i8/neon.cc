#include "kernels/simd/neon.h"

#include "kernels/simd/int8_neon.h"
#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

// Elements in 16 bits: an element times a weight exceeds what 8-bit multiplications of one sign hold.
using Quad = int16x8_t;  // the four, twice
struct Weights {
  int16x8_t low, high;  // outputs 0, 1 and 2, 3
};
inline Quad LoadQuad(const uint8_t* p) {
  uint32_t four;
  std::memcpy(&four, p, sizeof four);
  return vreinterpretq_s16_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four))));
}
inline Weights LoadWeights(const int8_t* w) {
  const int8x16_t b = vld1q_s8(w);
  return {vmovl_s8(vget_low_s8(b)), vmovl_high_s8(b)};
}
inline I32 Dot(I32 acc, Quad x, Weights w) {
  const int16x4_t four = vget_low_s16(x);
  int32x4_t a = vmull_s16(four, vget_low_s16(w.low)), b = vmull_high_s16(x, w.low);
  int32x4_t c = vmull_s16(four, vget_low_s16(w.high)), d = vmull_high_s16(x, w.high);
  return vaddq_s32(acc, vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)));
}

constexpr size_t kMaxRows[] = {8, 8, 6, 4}, kMaxVectors = 4;
constexpr int32_t kRowOffset = 0;

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_i8/row_sums.h"
#include "kernels/gemm_i8/tile.h"

namespace gossamer {

void GemmI8Neon(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                const PackedWeightsI8& weights, size_t panel_begin, size_t panel_end, const Int8Output& output) {
  RunGemmI8(x, rows, row_begin, row_end, weights, panel_begin, panel_end, output);
}

void RowSumsI8Neon(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, int32_t* sums) {
  RunRowSums(x, rows, row_begin, row_end, sums);
}

}  // namespace gossamer
