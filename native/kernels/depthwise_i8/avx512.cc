#include "kernels/simd/avx512.h"

#include "kernels/simd/int8_avx512.h"

#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

constexpr int32_t kRowOffset = 0;

struct Four {
  using Vector = __m512i;
  static constexpr size_t kLanes128 = 4;
  static constexpr int kNatural = 4;
  static Vector Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static Vector LoadWeights(const int8_t* w) { return _mm512_loadu_si512(w); }
  static Vector Zero() { return _mm512_setzero_si512(); }
  static Vector Low8(Vector a, Vector b) { return _mm512_unpacklo_epi8(a, b); }
  static Vector High8(Vector a, Vector b) { return _mm512_unpackhi_epi8(a, b); }
  static Vector Low16(Vector a, Vector b) { return _mm512_unpacklo_epi16(a, b); }
  static Vector High16(Vector a, Vector b) { return _mm512_unpackhi_epi16(a, b); }
  static Vector Dot(Vector acc, Vector x, Vector w) {
    // vpmaddubsw would saturate, so even and odd bytes are widened to 16 bits, which vpmaddwd multiplies and adds
    // exactly.
    const Vector bytes = _mm512_set1_epi16(0xff);
    const Vector even = _mm512_madd_epi16(_mm512_and_si512(x, bytes), _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8));
    const Vector odd = _mm512_madd_epi16(_mm512_srli_epi16(x, 8), _mm512_srai_epi16(w, 8));
    return _mm512_add_epi32(acc, _mm512_add_epi32(even, odd));
  }
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    const __m512i a = _mm512_shuffle_i32x4(acc[0], acc[1], 0x44), b = _mm512_shuffle_i32x4(acc[0], acc[1], 0xee);
    const __m512i c = _mm512_shuffle_i32x4(acc[2], acc[3], 0x44), d = _mm512_shuffle_i32x4(acc[2], acc[3], 0xee);
    v[0] = _mm512_shuffle_i32x4(a, c, 0x88);
    v[1] = _mm512_shuffle_i32x4(a, c, 0xdd);
    v[2] = _mm512_shuffle_i32x4(b, d, 0x88);
    v[3] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
};

struct Pair {
  using Vector = __m256i;
  static constexpr size_t kLanes128 = 2;
  static constexpr int kNatural = 2;
  static Vector Load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static Vector LoadWeights(const int8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }
  static Vector Zero() { return _mm256_setzero_si256(); }
  static Vector Low8(Vector a, Vector b) { return _mm256_unpacklo_epi8(a, b); }
  static Vector High8(Vector a, Vector b) { return _mm256_unpackhi_epi8(a, b); }
  static Vector Low16(Vector a, Vector b) { return _mm256_unpacklo_epi16(a, b); }
  static Vector High16(Vector a, Vector b) { return _mm256_unpackhi_epi16(a, b); }
  static Vector Dot(Vector acc, Vector x, Vector w) {
    // vpmaddubsw would saturate, so even and odd bytes are widened to 16 bits, which vpmaddwd multiplies and adds
    // exactly.
    const Vector bytes = _mm256_set1_epi16(0xff);
    const Vector even = _mm256_madd_epi16(_mm256_and_si256(x, bytes), _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
    const Vector odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
    return _mm256_add_epi32(acc, _mm256_add_epi32(even, odd));
  }
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    const __m512i a = _mm512_inserti64x4(_mm512_castsi256_si512(acc[0]), acc[1], 1);
    const __m512i b = _mm512_inserti64x4(_mm512_castsi256_si512(acc[2]), acc[3], 1);
    v[0] = _mm512_shuffle_i32x4(a, b, 0x88);
    v[1] = _mm512_shuffle_i32x4(a, b, 0xdd);
  }
};

struct Lane {
  using Vector = __m128i;
  static constexpr size_t kLanes128 = 1;
  static constexpr int kNatural = 1;
  static Vector Load(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
  static Vector LoadWeights(const int8_t* w) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(w)); }
  static Vector Zero() { return _mm_setzero_si128(); }
  static Vector Low8(Vector a, Vector b) { return _mm_unpacklo_epi8(a, b); }
  static Vector High8(Vector a, Vector b) { return _mm_unpackhi_epi8(a, b); }
  static Vector Low16(Vector a, Vector b) { return _mm_unpacklo_epi16(a, b); }
  static Vector High16(Vector a, Vector b) { return _mm_unpackhi_epi16(a, b); }
  static Vector Dot(Vector acc, Vector x, Vector w) {
    // vpmaddubsw would saturate, so even and odd bytes are widened to 16 bits, which vpmaddwd multiplies and adds
    // exactly.
    const Vector bytes = _mm_set1_epi16(0xff);
    const Vector even = _mm_madd_epi16(_mm_and_si128(x, bytes), _mm_srai_epi16(_mm_slli_epi16(w, 8), 8));
    const Vector odd = _mm_madd_epi16(_mm_srli_epi16(x, 8), _mm_srai_epi16(w, 8));
    return _mm_add_epi32(acc, _mm_add_epi32(even, odd));
  }
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    const __m256i a = _mm256_inserti128_si256(_mm256_castsi128_si256(acc[0]), acc[1], 1);
    const __m256i b = _mm256_inserti128_si256(_mm256_castsi128_si256(acc[2]), acc[3], 1);
    v[0] = _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
  }
};

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_i8/block.h"

namespace gossamer {
namespace {

void RunBlock(BlockCall call, size_t lanes) {
  if (lanes == 4) return RunRows<Four>(call);
  if (lanes == 2) return RunRows<Pair>(call);
  RunRows<Lane>(call);
}

}  // namespace

void DepthwiseI8Avx512(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                       const PackedDepthwiseI8& weights, const Int8Output& output) {
  RunDepthwise(x, rows, row_begin, row_end, weights, output);
}

}  // namespace gossamer
