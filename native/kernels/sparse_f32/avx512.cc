#include "kernels/simd/avx512.h"

namespace gossamer {
namespace {

inline void TransposeSquare(F32 (&v)[16]) {
  F32 t[16];
  for (size_t i = 0; i < 16; i += 2) {  // pairs of rows
    t[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
  }
  for (size_t i = 0; i < 16; i += 4) {  // fours
    for (size_t j = 0; j < 2; ++j) {
      const __m512d a = _mm512_castps_pd(t[i + j]), b = _mm512_castps_pd(t[i + j + 2]);
      v[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
      v[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    }
  }
  for (size_t i = 0; i < 4; ++i) {  // 128 bits of one row each
    for (size_t half = 0; half < 16; half += 8) {
      t[half + i] = _mm512_shuffle_f32x4(v[half + i], v[half + i + 4], 0x88);
      t[half + i + 4] = _mm512_shuffle_f32x4(v[half + i], v[half + i + 4], 0xdd);
    }
  }
  for (size_t i = 0; i < 8; ++i) {
    v[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
    v[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
  }
}

}  // namespace
}  // namespace gossamer

#include "kernels/sparse_f32/simd.h"
