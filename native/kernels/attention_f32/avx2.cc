#include "kernels/simd/avx2.h"

namespace gossamer {
namespace {

constexpr size_t kTileVectors = 2;  // columns of a tile, beside its six rows

inline F32 LoadQuads(const float* x, size_t stride) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(x)), _mm_loadu_ps(x + 4 * stride), 1);
}
inline F32 InterleaveLow(F32 a, F32 b) { return _mm256_unpacklo_ps(a, b); }
inline F32 InterleaveHigh(F32 a, F32 b) { return _mm256_unpackhi_ps(a, b); }
inline F32 InterleavePairsLow(F32 a, F32 b) { return _mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0)); }
inline F32 InterleavePairsHigh(F32 a, F32 b) { return _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2)); }

}  // namespace
}  // namespace gossamer

#include "kernels/attention_f32/pack_keys.h"
#include "kernels/attention_f32/simd.h"
