#include "kernels/simd/avx512.h"

#include <cstring>

#include "kernels/simd/int8_avx512.h"
#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

// vpmaddubsw would saturate at 16 bits, so both sides are widened: of each four k the even and the odd ones, two 16-bit
// numbers in a lane, which vpmaddwd multiplies and adds exactly.
struct Quad {
  __m512i even, odd;
};
struct Weights {
  __m512i even, odd;
};
inline Quad LoadQuad(const uint8_t* p) {
  int32_t four;
  std::memcpy(&four, p, sizeof four);
  const __m512i x = _mm512_set1_epi32(four);
  return {_mm512_and_si512(x, _mm512_set1_epi16(0xff)), _mm512_srli_epi16(x, 8)};
}
inline Weights LoadWeights(const int8_t* w) {
  const __m512i b = _mm512_load_si512(w);
  return {_mm512_srai_epi16(_mm512_slli_epi16(b, 8), 8), _mm512_srai_epi16(b, 8)};
}
inline I32 Dot(I32 acc, Quad x, Weights w) {
  const __m512i even = _mm512_madd_epi16(x.even, w.even), odd = _mm512_madd_epi16(x.odd, w.odd);
  return _mm512_add_epi32(acc, _mm512_add_epi32(even, odd));
}

constexpr size_t kMaxRows[] = {8, 8, 6, 4}, kMaxVectors = 4;
constexpr int32_t kRowOffset = 0;

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_i8/row_sums.h"
#include "kernels/gemm_i8/tile.h"

namespace gossamer {

void GemmI8Avx512(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                  const PackedWeightsI8& weights, size_t panel_begin, size_t panel_end, const Int8Output& output) {
  RunGemmI8(x, rows, row_begin, row_end, weights, panel_begin, panel_end, output);
}

void RowSumsI8Avx512(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, int32_t* sums) {
  RunRowSums(x, rows, row_begin, row_end, sums);
}

}  // namespace gossamer
