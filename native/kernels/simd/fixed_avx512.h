// What fixed_point.h needs beside avx512.h.
#pragma once

namespace gossamer {
namespace {

inline I32 ShiftLeftEach(I32 a, I32 n) { return _mm512_sllv_epi32(a, n); }
inline I32 ShiftRightEach(I32 a, I32 n) { return _mm512_srav_epi32(a, n); }
// floor((a * b + 2^30) / 2^31), 0 <= b. The products of even and of odd lanes fill 64 bits each.
inline I32 HighMul(I32 a, I32 b) {
  const __m512i half = _mm512_set1_epi64(int64_t{1} << 30);
  const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(a, b), half);
  const __m512i odd =
      _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32)), half);
  return _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
}

}  // namespace
}  // namespace gossamer
