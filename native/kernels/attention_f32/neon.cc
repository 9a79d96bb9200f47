#include "kernels/simd/neon.h"

namespace gossamer {
namespace {

constexpr size_t kTileVectors = 4;  // columns of a tile, beside its six rows

inline F32 LoadQuads(const float* x, size_t) { return vld1q_f32(x); }
inline F32 InterleaveLow(F32 a, F32 b) { return vzip1q_f32(a, b); }
inline F32 InterleaveHigh(F32 a, F32 b) { return vzip2q_f32(a, b); }
inline F32 InterleavePairsLow(F32 a, F32 b) { return vcombine_f32(vget_low_f32(a), vget_low_f32(b)); }
inline F32 InterleavePairsHigh(F32 a, F32 b) { return vcombine_f32(vget_high_f32(a), vget_high_f32(b)); }

}  // namespace
}  // namespace gossamer

#include "kernels/attention_f32/pack_keys.h"
#include "kernels/attention_f32/simd.h"
