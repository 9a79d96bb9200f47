// The vector operations of simd kernels on one lane of portable C++: a scalar.cc that includes this header and then the
// formulas that the others use is the definition of a kernel whose formulas are long, and gives their bits.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define GOSSAMER_SIMD(name) name##Scalar

namespace gossamer {
namespace {

constexpr size_t kLanes = 1;
using F32 = float;
using I32 = int32_t;
using Mask = bool;

inline F32 Fill(float v) { return v; }
inline I32 FillI(int32_t v) { return v; }
inline F32 Load(const float* p) { return *p; }
inline F32 LoadFirst(const float* p, size_t count) { return count == 0 ? 0.0f : *p; }
inline F32 LoadFirstOr(const float* p, size_t count, F32 otherwise) { return count == 0 ? otherwise : *p; }
inline void Store(float* p, F32 v) { *p = v; }
inline void StoreFirst(float* p, F32 v, size_t count) {
  if (count != 0) *p = v;
}
inline I32 LoadI(const int32_t* p) { return *p; }
inline void StoreI(int32_t* p, I32 v) { *p = v; }
inline I32 LoadUnsignedBytes(const uint8_t* p) { return *p; }
inline I32 LoadFirstUnsignedBytes(const uint8_t* p, size_t count) { return count == 0 ? 0 : *p; }
inline void StoreBytes(uint8_t* p, I32 v) { *p = static_cast<uint8_t>(v); }
inline void StoreFirstBytes(uint8_t* p, I32 v, size_t count) {
  if (count != 0) *p = static_cast<uint8_t>(v);
}

inline F32 Add(F32 a, F32 b) { return a + b; }
inline F32 Sub(F32 a, F32 b) { return a - b; }
inline F32 Mul(F32 a, F32 b) { return a * b; }
inline F32 Div(F32 a, F32 b) { return a / b; }
inline F32 Smaller(F32 a, F32 b) { return a < b ? a : b; }  // b when one is NaN
inline F32 Larger(F32 a, F32 b) { return a > b ? a : b; }
inline F32 Abs(F32 a) { return std::fabs(a); }
inline F32 Negate(F32 a) { return -a; }
inline F32 CopySign(F32 a, F32 b) { return std::copysign(a, b); }
inline F32 Fma(F32 a, F32 b, F32 c) { return std::fma(a, b, c); }
inline F32 Sqrt(F32 a) { return std::sqrt(a); }
inline F32 Floor(F32 a) { return std::floor(a); }
inline F32 Ceil(F32 a) { return std::ceil(a); }
inline F32 Round(F32 a) { return std::nearbyint(a); }  // half to even
inline I32 RoundToInt(F32 a) { return static_cast<I32>(std::lrint(a)); }
inline F32 ToFloat(I32 a) { return static_cast<float>(a); }

// Like the others these wrap, which in C++ only unsigned integers do.
inline I32 AddI(I32 a, I32 b) { return static_cast<I32>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
inline I32 SubI(I32 a, I32 b) { return static_cast<I32>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b)); }
inline I32 AndI(I32 a, I32 b) { return a & b; }
inline I32 OrI(I32 a, I32 b) { return a | b; }
inline I32 XorI(I32 a, I32 b) { return a ^ b; }
inline I32 ShiftLeft(I32 a, unsigned bits) { return static_cast<I32>(static_cast<uint32_t>(a) << bits); }
inline I32 ShiftRight(I32 a, unsigned bits) { return a >> bits; }
inline I32 BitsOf(F32 a) {
  I32 bits;
  std::memcpy(&bits, &a, sizeof bits);
  return bits;
}
inline F32 FromBits(I32 bits) {
  F32 a;
  std::memcpy(&a, &bits, sizeof a);
  return a;
}
inline F32 TimesPowerOfTwo(F32 a, F32 n) { return std::isnan(n) ? n : std::ldexp(a, static_cast<int>(n)); }

inline Mask Less(F32 a, F32 b) { return a < b; }
inline Mask Equal(F32 a, F32 b) { return a == b; }
inline Mask IsNan(F32 a) { return a != a; }
inline Mask And(Mask a, Mask b) { return a && b; }
inline Mask Or(Mask a, Mask b) { return a || b; }
inline bool Any(Mask m) { return m; }
inline size_t Count(Mask m) { return m ? 1 : 0; }
// 16 partial sums folded by halves, as the others do it.
inline float TreeSum(const F32 (&acc)[16]) {
  float p[16];
  std::memcpy(p, acc, sizeof p);
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) p[j] += p[j + half];
  }
  return p[0];
}
inline float SmallestLane(F32 v) { return v; }
inline float LargestLane(F32 v) { return v; }

inline F32 Pick(Mask m, F32 yes, F32 no) { return m ? yes : no; }
inline I32 PickI(Mask m, I32 yes, I32 no) { return m ? yes : no; }
// table[index & 7].
inline F32 LookUp(const float (&table)[8], I32 index) { return table[index & 7]; }

}  // namespace
}  // namespace gossamer
