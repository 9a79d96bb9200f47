// What fixed_point.h needs beside avx2.h.
#pragma once

namespace gossamer {
namespace {

inline I32 ShiftLeftEach(I32 a, I32 n) { return _mm256_sllv_epi32(a, n); }
inline I32 ShiftRightEach(I32 a, I32 n) { return _mm256_srav_epi32(a, n); }
// floor((a * b + 2^30) / 2^31), 0 <= b. The products of even and of odd lanes fill 64 bits each.
inline I32 HighMul(I32 a, I32 b) {
  const __m256i half = _mm256_set1_epi64x(int64_t{1} << 30);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(a, b), half);
  const __m256i odd =
      _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32)), half);
  return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
}

}  // namespace
}  // namespace gossamer
