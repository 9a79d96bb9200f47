// More vector operations for 8-bit results, after avx512.h.
#pragma once

namespace gossamer {
namespace {

inline I32 SmallerI(I32 a, I32 b) { return _mm512_min_epi32(a, b); }
inline I32 LargerI(I32 a, I32 b) { return _mm512_max_epi32(a, b); }
inline I32 MulI(I32 a, I32 b) { return _mm512_mullo_epi32(a, b); }  // low half
// Whether each lane has one of these bits, or more.
template <int kVectors>
inline bool AllHave(const I32 (&a)[kVectors], I32 bits) {
  Mask all = _mm512_test_epi32_mask(a[0], bits);  // one chain: a mask takes long to leave its register
  for (int v = 1; v < kVectors; ++v) all = _mm512_mask_test_epi32_mask(all, a[v], bits);
  return all == 0xffff;
}

// y[i] = clamp(q[i] + zero, low, high), i < count; 1024 - 2^15 <= zero <= 255, 0 <= low, high <= 255. Writes `count` bytes.
template <int kVectors>
inline void StoreQuantized(uint8_t* y, const I32 (&q)[kVectors], size_t count, int32_t zero, int32_t low,
                           int32_t high) {
  static_assert(kVectors <= 4, "one store");
  const I32 none = _mm512_setzero_si512();
  I32 a = _mm512_packs_epi32(q[0], kVectors > 1 ? q[1 % kVectors] : none);
  I32 b = kVectors > 2 ? _mm512_packs_epi32(q[2 % kVectors], kVectors > 3 ? q[3 % kVectors] : none) : none;
  // Saturation to 16 bit and in the sum changes nothing: what it reaches is far beyond 0..255. Short sums make these
  // few instructions a good part of a layer, so what does nothing is left out.
  if (zero != 0) {
    const I32 zeros = _mm512_set1_epi16(static_cast<short>(zero));
    a = _mm512_adds_epi16(a, zeros);
    if (kVectors > 2) b = _mm512_adds_epi16(b, zeros);
  }
  I32 bytes = _mm512_packus_epi16(a, b);  // in each 128 bits four of each vector
  const I32 order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  bytes = _mm512_permutexvar_epi32(order, bytes);
  if (low > 0) bytes = _mm512_max_epu8(bytes, _mm512_set1_epi8(static_cast<char>(low)));
  if (high < 255) bytes = _mm512_min_epu8(bytes, _mm512_set1_epi8(static_cast<char>(high)));
  if (count == 64) {
    _mm512_storeu_si512(y, bytes);
  } else {
    _mm512_mask_storeu_epi8(y, (static_cast<__mmask64>(1) << count) - 1, bytes);
  }
}

#define GOSSAMER_PACKS_FOUR_ROWS
// The same for four rows of up to 16 outputs, which fill one vector together.
inline void StoreQuantizedRows(uint8_t* y, size_t stride, const I32& q0, const I32& q1, const I32& q2, const I32& q3,
                               size_t count, int32_t zero, int32_t low, int32_t high) {
  const I32 zeros = _mm512_set1_epi16(static_cast<short>(zero));
  const I32 a = _mm512_adds_epi16(_mm512_packs_epi32(q0, q1), zeros);
  const I32 b = _mm512_adds_epi16(_mm512_packs_epi32(q2, q3), zeros);
  const I32 order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  I32 bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(a, b));  // a row in each 128 bits
  bytes = _mm512_max_epu8(bytes, _mm512_set1_epi8(static_cast<char>(low)));
  bytes = _mm512_min_epu8(bytes, _mm512_set1_epi8(static_cast<char>(high)));
  const __m128i row[4] = {_mm512_castsi512_si128(bytes), _mm512_extracti32x4_epi32(bytes, 1),
                          _mm512_extracti32x4_epi32(bytes, 2), _mm512_extracti32x4_epi32(bytes, 3)};
  if (count == 16 && stride == 16) {
    _mm512_storeu_si512(y, bytes);
  } else if (count == 16) {
    for (size_t r = 0; r < 4; ++r) _mm_storeu_si128(reinterpret_cast<__m128i*>(y + r * stride), row[r]);
  } else {
    const __mmask16 some = static_cast<__mmask16>((1u << count) - 1u);
    for (size_t r = 0; r < 4; ++r) _mm_mask_storeu_epi8(y + r * stride, some, row[r]);
  }
}

}  // namespace
}  // namespace gossamer
