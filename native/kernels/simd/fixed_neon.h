// What fixed_point.h needs beside neon.h.
#pragma once

namespace gossamer {
namespace {

inline I32 ShiftLeftEach(I32 a, I32 n) { return vshlq_s32(a, n); }
inline I32 ShiftRightEach(I32 a, I32 n) { return vshlq_s32(a, vnegq_s32(n)); }
// floor((a * b + 2^30) / 2^31), 0 <= b.
inline I32 HighMul(I32 a, I32 b) { return vqrdmulhq_s32(a, b); }

}  // namespace
}  // namespace gossamer
