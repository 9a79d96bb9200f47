// What fixed_point.h and its users need beside scalar.h.
#pragma once

namespace gossamer {
namespace {

inline I32 ShiftLeftEach(I32 a, I32 n) { return static_cast<I32>(static_cast<uint32_t>(a) << n); }
inline I32 ShiftRightEach(I32 a, I32 n) { return a >> n; }
// floor((a * b + 2^30) / 2^31), 0 <= b.
inline I32 HighMul(I32 a, I32 b) { return static_cast<I32>((int64_t{a} * b + (int64_t{1} << 30)) >> 31); }

inline I32 SmallerI(I32 a, I32 b) { return a < b ? a : b; }
inline I32 LargerI(I32 a, I32 b) { return a > b ? a : b; }
inline I32 MulI(I32 a, I32 b) { return static_cast<I32>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b)); }

}  // namespace
}  // namespace gossamer
