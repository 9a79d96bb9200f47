#include "kernels/simd/avx512.h"

#include <cstring>

#include "kernels/gemm_bf16/gemm_bf16.h"

namespace gossamer {
namespace {

using Element = uint16_t;
constexpr size_t kPerStep = 2;
inline __m512i Broadcast(const uint16_t* x) {
  int32_t pair;
  std::memcpy(&pair, x, sizeof pair);
  return _mm512_set1_epi32(pair);
}
inline __m512i LoadWeights(const uint16_t* w) { return _mm512_loadu_si512(w); }
inline F32 MultiplyAdd(__m512i value, __m512i weights, F32 sums) {
  __m512bh a, b;
  std::memcpy(&a, &value, sizeof a);
  std::memcpy(&b, &weights, sizeof b);
  return _mm512_dpbf16_ps(sums, a, b);
}

constexpr size_t kWidest = 4, kWidestRow = 8;
// 24 sums, of 32 registers.
constexpr size_t MaxRows(size_t strips) { return strips == 1 ? 12 : 24 / strips; }

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_f32/tiles.h"

namespace gossamer {

void GemmBf16Avx512Bf16(const uint16_t* x, const ActivationRows& rows, size_t m0, size_t m1, const WeightsBf16& weights,
                        size_t n0, size_t n1, const FloatOutput& output) {
  constexpr size_t kRow = 2 * kStripF32;
  Product<false>({x, rows, weights.data, kRow, weights.k / 2 * kRow, output, n1, 0}, m0, m1, n0);
}

}  // namespace gossamer
