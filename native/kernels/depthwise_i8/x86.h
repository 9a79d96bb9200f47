// The bytes of 128- and 256-bit vectors as kernels/depthwise_i8/block.h interleaves them, for every x86 set. Included
// after the headers of kernels/simd/.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {
namespace {

constexpr int32_t kRowOffset = 0;

struct Bytes128 {
  using Vector = __m128i;
  static constexpr size_t kLanes128 = 1;
  static Vector Load(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
  static Vector LoadWeights(const int8_t* w) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(w)); }
  static Vector Zero() { return _mm_setzero_si128(); }
  static Vector Low8(Vector a, Vector b) { return _mm_unpacklo_epi8(a, b); }
  static Vector High8(Vector a, Vector b) { return _mm_unpackhi_epi8(a, b); }
  static Vector Low16(Vector a, Vector b) { return _mm_unpacklo_epi16(a, b); }
  static Vector High16(Vector a, Vector b) { return _mm_unpackhi_epi16(a, b); }
};

struct Bytes256 {
  using Vector = __m256i;
  static constexpr size_t kLanes128 = 2;
  static Vector Load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static Vector LoadWeights(const int8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }
  static Vector Zero() { return _mm256_setzero_si256(); }
  static Vector Low8(Vector a, Vector b) { return _mm256_unpacklo_epi8(a, b); }
  static Vector High8(Vector a, Vector b) { return _mm256_unpackhi_epi8(a, b); }
  static Vector Low16(Vector a, Vector b) { return _mm256_unpacklo_epi16(a, b); }
  static Vector High16(Vector a, Vector b) { return _mm256_unpackhi_epi16(a, b); }
};

}  // namespace
}  // namespace gossamer
