#include "kernels/simd/neon.h"

#include "kernels/gemm_nbits/ops_neon.h"

namespace gossamer {
namespace {

constexpr size_t kInt8Panels = 1, kInt8Rows = 3;  // tiles of 3 x 16: 12 exact and 12 float sums, 4 weights

// Both operands are signed: eight bits are used less 128, which the sum of the activations gives back.
template <unsigned kBits>
inline I32 Dot(I32 acc, Bytes fields, int8x16_t activations) {
  if (kBits < 8) return vdotq_s32(acc, vreinterpretq_s8_u8(fields), activations);
  const int8x16_t moved = vreinterpretq_s8_u8(veorq_u8(fields, vdupq_n_u8(128)));
  const int32x4_t sums = vdotq_s32(vdupq_n_s32(0), vdupq_n_s8(1), activations);
  return vdotq_s32(vaddq_s32(acc, vshlq_n_s32(sums, 7)), moved, activations);
}

}  // namespace
}  // namespace gossamer

#define GOSSAMER_NBITS_INT8 GemmNbitsInt8NeonDotprod
#include "kernels/gemm_nbits/int8_simd.h"
