#include "kernels/simd/neon.h"

#include "kernels/gemm_nbits/ops_neon.h"

namespace gossamer {
namespace {

constexpr size_t kFloatPanels = 1;  // tiles of 6 x 16: 24 sums, 4 weights, 1 activation in 32 registers
constexpr size_t kInt8Panels = 1, kInt8Rows = 3;

// Two products of a signed byte and one below 128, or of eight bits less 128, fit 16 bits.
inline I32 SignedDot(I32 acc, int8x16_t fields, int8x16_t activations) {
  const int16x8_t low = vmull_s8(vget_low_s8(fields), vget_low_s8(activations));
  const int16x8_t high = vmull_high_s8(fields, activations);
  return vpadalq_s16(acc, vpaddq_s16(low, high));
}

template <unsigned kBits>
inline I32 Dot(I32 acc, Bytes fields, int8x16_t activations) {
  if (kBits < 8) return SignedDot(acc, vreinterpretq_s8_u8(fields), activations);
  const int8x16_t moved = vreinterpretq_s8_u8(veorq_u8(fields, vdupq_n_u8(128)));
  const int32x4_t sums = vpaddlq_s16(vpaddlq_s8(activations));
  return SignedDot(vaddq_s32(acc, vshlq_n_s32(sums, 7)), moved, activations);
}

}  // namespace
}  // namespace gossamer

#define GOSSAMER_NBITS_INT8 GemmNbitsInt8Neon
#include "kernels/gemm_nbits/float_simd.h"
#include "kernels/gemm_nbits/int8_simd.h"
#include "kernels/gemm_nbits/quantize_simd.h"
