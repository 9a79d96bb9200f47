#include "kernels/simd/neon.h"

namespace gossamer {
namespace {

constexpr uint8_t kShift = 128;
inline int32x4_t Dot(int32x4_t acc, uint8x16_t x, int8x16_t w) { return vdotq_s32(acc, vreinterpretq_s8_u8(x), w); }

}  // namespace
}  // namespace gossamer

#include "kernels/sparse_i8/neon.h"

namespace gossamer {

void SparseI8NeonDotprod(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                         const SparseI8Weights& weights, size_t panel_begin, size_t panel_end, const Int8Output& output,
                         uint8_t* scratch) {
  RunSparseI8<Ops>(x, rows, row_begin, row_end, weights, panel_begin, panel_end, output, scratch);
}

}  // namespace gossamer
