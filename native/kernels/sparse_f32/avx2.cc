#include "kernels/simd/avx2.h"

namespace gossamer {
namespace {

inline void TransposeSquare(F32 (&v)[8]) {
  F32 t[8];
  for (size_t i = 0; i < 8; i += 2) {  // pairs of rows
    t[i] = _mm256_unpacklo_ps(v[i], v[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(v[i], v[i + 1]);
  }
  for (size_t i = 0; i < 8; i += 4) {  // fours
    for (size_t j = 0; j < 2; ++j) {
      const __m256d a = _mm256_castps_pd(t[i + j]), b = _mm256_castps_pd(t[i + j + 2]);
      v[i + 2 * j] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
      v[i + 2 * j + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
    }
  }
  for (size_t i = 0; i < 4; ++i) {
    t[i] = _mm256_permute2f128_ps(v[i], v[i + 4], 0x20);
    t[i + 4] = _mm256_permute2f128_ps(v[i], v[i + 4], 0x31);
  }
  for (size_t i = 0; i < 8; ++i) v[i] = t[i];
}

}  // namespace
}  // namespace gossamer

#include "kernels/sparse_f32/simd.h"
