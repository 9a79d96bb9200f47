#include "kernels/simd/avx2.h"

#include <cstring>

#include "kernels/simd/int8_avx2.h"
#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

using Quad = __m256i;
using Weights = __m256i;
inline Quad LoadQuad(const uint8_t* p) {
  int32_t four;
  std::memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}
inline Weights LoadWeights(const int8_t* w) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(w)); }
inline I32 Dot(I32 acc, Quad x, Weights w) { return _mm256_dpbusd_avx_epi32(acc, x, w); }

constexpr size_t kMaxRows[] = {8, 6}, kMaxVectors = 2;
constexpr int32_t kRowOffset = 0;

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_i8/tile.h"

namespace gossamer {

void GemmI8AvxVnni(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                   const PackedWeightsI8& weights, size_t panel_begin, size_t panel_end, const Int8Output& output) {
  RunGemmI8(x, rows, row_begin, row_end, weights, panel_begin, panel_end, output);
}

}  // namespace gossamer
