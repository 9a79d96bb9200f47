// What gemm_nbits needs of AVX-512 beyond kernels/simd/avx512.h, which is included first.
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace gossamer {
namespace {

using Bytes = __m512i;
constexpr size_t kPanelVectors = 1;  // vectors of 32-bit lanes that hold a panel's 16 rows

inline Bytes LoadGroup(const uint8_t* group, size_t) { return _mm512_loadu_si512(group); }
inline void Prefetch(const uint8_t* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }
template <unsigned kShift>
inline I32 ShiftRightWord(I32 v) {
  return _mm512_srli_epi32(v, kShift);
}
// Field f of every byte, moved down.
template <unsigned kBits>
inline Bytes Field(Bytes v, unsigned f) {
  if (kBits == 8) return v;
  const Bytes down = f == 0 ? v : _mm512_srli_epi16(v, f * kBits);
  return _mm512_and_si512(down, _mm512_set1_epi8((1 << (kBits & 7)) - 1));
}
inline Bytes BroadcastFour(const int8_t* p) {
  int32_t four;
  std::memcpy(&four, p, sizeof four);
  return _mm512_set1_epi32(four);
}
inline F32 LoadHalves(const uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

// The float of the low kBits of each lane, or the table's entry there.
template <unsigned kBits>
struct Decoder {
  explicit Decoder(const float* given) : table(given) {
    if (kBits < 8) {
      const float counted[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
      // vpermps looks at four bits: with two to a code the entries repeat.
      const float repeated[] = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
      entries = _mm512_loadu_ps(given != nullptr ? given : kBits == 4 ? counted : repeated);
    }
  }
  inline F32 operator()(I32 v) const {
    if (kBits < 8) return _mm512_permutexvar_ps(v, entries);
    const I32 code = _mm512_and_si512(v, _mm512_set1_epi32(255));
    return table != nullptr ? _mm512_i32gather_ps(code, table, 4) : _mm512_cvtepi32_ps(code);
  }
  const float* table;
  __m512 entries = _mm512_setzero_ps();
};

}  // namespace
}  // namespace gossamer
