#include <immintrin.h>

#include "kernels/table_u8/table_u8.h"

namespace gossamer {

// vpshufb looks up 16 entries and gives 0 where bit 7 of the index is set. For entries 16 k .. 16 k + 15 the index
// x - 16 k, plus 112 with saturation, has that bit clear exactly where it is below 16; the 16 results are or-ed.
void TableU8Avx2(const uint8_t* table, const uint8_t* x, size_t count, uint8_t* y) {
  const __m256i bias = _mm256_set1_epi8(112), sixteen = _mm256_set1_epi8(16);
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i)), result = _mm256_setzero_si256();
    for (size_t k = 0; k < 16; ++k) {
      const __m256i part = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table) + k));
      result = _mm256_or_si256(result, _mm256_shuffle_epi8(part, _mm256_adds_epu8(index, bias)));
      index = _mm256_sub_epi8(index, sixteen);
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), result);
  }
  TableU8Scalar(table, x + i, count - i, y + i);
}

}  // namespace gossamer
