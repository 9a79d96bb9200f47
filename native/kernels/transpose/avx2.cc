#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define GOSSAMER_SIMD(name) name##Avx2

namespace gossamer {
namespace {

using Vector = __m128i;

template <class T>
inline Vector LoadVector(const T* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
template <class T>
inline void StoreVector(T* p, Vector v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v);
}
inline Vector Or(Vector a, Vector b) { return _mm_or_si128(a, b); }
inline Vector ShuffleBytes(Vector v, const uint8_t (&at)[16]) {
  return _mm_shuffle_epi8(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}
template <class T>
inline Vector InterleaveLow(Vector a, Vector b) {
  if (sizeof(T) == 1) return _mm_unpacklo_epi8(a, b);
  if (sizeof(T) == 2) return _mm_unpacklo_epi16(a, b);
  return sizeof(T) == 4 ? _mm_unpacklo_epi32(a, b) : _mm_unpacklo_epi64(a, b);
}
template <class T>
inline Vector InterleaveHigh(Vector a, Vector b) {
  if (sizeof(T) == 1) return _mm_unpackhi_epi8(a, b);
  if (sizeof(T) == 2) return _mm_unpackhi_epi16(a, b);
  return sizeof(T) == 4 ? _mm_unpackhi_epi32(a, b) : _mm_unpackhi_epi64(a, b);
}

}  // namespace
}  // namespace gossamer

#include "kernels/transpose/simd.h"
