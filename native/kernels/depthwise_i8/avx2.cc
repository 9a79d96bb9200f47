#include "kernels/simd/avx2.h"

#include "kernels/simd/int8_avx2.h"

#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

constexpr int32_t kRowOffset = 0;

struct Pair {
  using Vector = __m256i;
  static constexpr size_t kLanes128 = 2;
  static constexpr int kNatural = 4;
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
    v[0] = _mm256_permute2x128_si256(acc[0], acc[1], 0x20);
    v[1] = _mm256_permute2x128_si256(acc[2], acc[3], 0x20);
    v[2] = _mm256_permute2x128_si256(acc[0], acc[1], 0x31);
    v[3] = _mm256_permute2x128_si256(acc[2], acc[3], 0x31);
  }
};

struct Lane {
  using Vector = __m128i;
  static constexpr size_t kLanes128 = 1;
  static constexpr int kNatural = 2;
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
    v[0] = _mm256_inserti128_si256(_mm256_castsi128_si256(acc[0]), acc[1], 1);
    v[1] = _mm256_inserti128_si256(_mm256_castsi128_si256(acc[2]), acc[3], 1);
  }
};

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_i8/block.h"

namespace gossamer {
namespace {

void RunBlock(BlockCall call, size_t lanes) {
  if (lanes == 1) return RunRows<Lane>(call);
  RunParts<Pair>(call, lanes);
}

}  // namespace

void DepthwiseI8Avx2(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                     const PackedDepthwiseI8& weights, const Int8Output& output) {
  RunDepthwise(x, rows, row_begin, row_end, weights, output);
}

}  // namespace gossamer
