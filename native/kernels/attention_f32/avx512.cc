#include "kernels/simd/avx512.h"

namespace gossamer {
namespace {

constexpr size_t kTileVectors = 4;  // columns of a tile, beside its six rows

inline F32 LoadQuads(const float* x, size_t stride) {
  F32 v = _mm512_castps128_ps512(_mm_loadu_ps(x));
  v = _mm512_insertf32x4(v, _mm_loadu_ps(x + 4 * stride), 1);
  v = _mm512_insertf32x4(v, _mm_loadu_ps(x + 8 * stride), 2);
  return _mm512_insertf32x4(v, _mm_loadu_ps(x + 12 * stride), 3);
}
inline F32 InterleaveLow(F32 a, F32 b) { return _mm512_unpacklo_ps(a, b); }
inline F32 InterleaveHigh(F32 a, F32 b) { return _mm512_unpackhi_ps(a, b); }
inline F32 InterleavePairsLow(F32 a, F32 b) { return _mm512_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0)); }
inline F32 InterleavePairsHigh(F32 a, F32 b) { return _mm512_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2)); }

}  // namespace
}  // namespace gossamer

#include "kernels/attention_f32/pack_keys.h"
#include "kernels/attention_f32/simd.h"
