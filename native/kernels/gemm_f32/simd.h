// The vector body of gemm_f32, written over the operations of one kernels/simd/ header, which is included first with
// the shapes of its tiles (tiles.h).
#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {
namespace {

using Element = float;
constexpr size_t kPerStep = 1;
inline F32 Broadcast(const float* x) { return Fill(*x); }
inline F32 LoadWeights(const float* w) { return Load(w); }
inline F32 MultiplyAdd(F32 value, F32 weights, F32 sums) { return Fma(value, weights, sums); }

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_f32/tiles.h"

namespace gossamer {

void GOSSAMER_SIMD(GemmF32)(const float* x, const ActivationRows& rows, size_t m0, size_t m1, const WeightsF32& weights,
                            size_t n0, size_t n1, const FloatOutput& output) {
  Product<false>({x, rows, weights.data, weights.row_stride, weights.strip_stride, output, n1, 0}, m0, m1, n0);
}

void GOSSAMER_SIMD(GemmTransposedF32)(const float* x, size_t x_stride, size_t m0, size_t m1, const WeightsF32& weights,
                                      size_t n0, size_t n1, const FloatOutput& output) {
  // Row m begins at element m, and goes on x_stride elements later.
  const ActivationRows rows{nullptr, m1, 1, weights.k, 1};
  Product<true>({x, rows, weights.data, weights.row_stride, weights.strip_stride, output, n1, x_stride}, m0, m1, n0);
}

}  // namespace gossamer
