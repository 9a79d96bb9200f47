#include "kernels/simd/avx2.h"

#include "kernels/gemm_nbits/ops_avx2.h"

namespace gossamer {
namespace {

constexpr size_t kFloatPanels = 1;  // tiles of 6 x 16: 12 sums, 2 weights, 1 activation in 16 registers
constexpr size_t kInt8Panels = 1, kInt8Rows = 3;

// vpmaddubsw saturates at 16 bits: two products with fields of four bits stay below, those of eight bits are halved.
template <unsigned kBits>
inline I32 Dot(I32 acc, Bytes fields, Bytes activations) {
  if (kBits < 8) {
    const __m256i pairs = _mm256_maddubs_epi16(fields, activations);
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  const __m256i low = _mm256_and_si256(fields, _mm256_set1_epi8(15));
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(fields, 4), _mm256_set1_epi8(15));
  acc = _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(low, activations), _mm256_set1_epi16(1)));
  return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(high, activations), _mm256_set1_epi16(16)));
}

}  // namespace
}  // namespace gossamer

#define GOSSAMER_NBITS_INT8 GemmNbitsInt8Avx2
#include "kernels/gemm_nbits/float_simd.h"
#include "kernels/gemm_nbits/int8_simd.h"
#include "kernels/gemm_nbits/quantize_simd.h"
