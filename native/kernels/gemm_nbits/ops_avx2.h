// What gemm_nbits needs of AVX2 beyond kernels/simd/avx2.h, which is included first.
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace gossamer {
namespace {

using Bytes = __m256i;
constexpr size_t kPanelVectors = 2;  // vectors of 32-bit lanes that hold a panel's 16 rows

inline Bytes LoadGroup(const uint8_t* group, size_t v) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(group + 32 * v));
}
inline void Prefetch(const uint8_t* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }
template <unsigned kShift>
inline I32 ShiftRightWord(I32 v) {
  return _mm256_srli_epi32(v, kShift);
}
// Field f of every byte, moved down.
template <unsigned kBits>
inline Bytes Field(Bytes v, unsigned f) {
  if (kBits == 8) return v;
  const Bytes down = f == 0 ? v : _mm256_srli_epi16(v, static_cast<int>(f * kBits));
  return _mm256_and_si256(down, _mm256_set1_epi8((1 << (kBits & 7)) - 1));
}
inline Bytes BroadcastFour(const int8_t* p) {
  int32_t four;
  std::memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}
inline F32 LoadHalves(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

// The float of the low kBits of each lane, or the table's entry there.
template <unsigned kBits>
struct Decoder {
  explicit Decoder(const float* given) : table(given) {
    if (given != nullptr && kBits < 8) {
      low = _mm256_loadu_ps(given);
      high = _mm256_loadu_ps(given + 8);
    }
  }
  inline F32 operator()(I32 v) const {
    if (table == nullptr || kBits == 8) {
      const I32 code = _mm256_and_si256(v, _mm256_set1_epi32((1 << kBits) - 1));
      return table == nullptr ? _mm256_cvtepi32_ps(code) : _mm256_i32gather_ps(table, code, 4);
    }
    // vpermps looks at three bits; the fourth, moved to the sign, chooses. Entries of two-bit codes repeat.
    const F32 lower = _mm256_permutevar8x32_ps(low, v), upper = _mm256_permutevar8x32_ps(high, v);
    return _mm256_blendv_ps(lower, upper, _mm256_castsi256_ps(_mm256_slli_epi32(v, 28)));
  }
  const float* table;
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
};

}  // namespace
}  // namespace gossamer
