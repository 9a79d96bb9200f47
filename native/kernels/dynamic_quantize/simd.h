// The passes of dynamic quantization over the vector operations of an instruction set, after its header and its int8
// companion.
#pragma once
#include "kernels/dynamic_quantize/dynamic_quantize.h"

namespace gossamer {
namespace {

constexpr int kVectors = 4;
constexpr size_t kStep = kVectors * kLanes;

inline void RunRange(const float* x, size_t count, float* low, float* high) {
  F32 least[kVectors], most[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    least[v] = Fill(*low);
    most[v] = Fill(*high);
  }
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (int v = 0; v < kVectors; ++v) {
      const F32 value = Load(x + i + v * kLanes);
      least[v] = Smaller(value, least[v]);  // a NaN value leaves it
      most[v] = Larger(value, most[v]);
    }
  }
  for (int v = 1; v < kVectors; ++v) {
    least[0] = Smaller(least[v], least[0]);
    most[0] = Larger(most[v], most[0]);
  }
  *low = SmallestLane(least[0]);
  *high = LargestLane(most[0]);
  for (; i < count; ++i) {
    if (x[i] < *low) *low = x[i];
    if (x[i] > *high) *high = x[i];
  }
}

// A NaN quotient ends below every code.
inline I32 RoundQuotient(F32 quotient) { return RoundToInt(Larger(quotient, Fill(-1024.0f))); }

// Division is slow. Instead t = x / scale + 512 + zero_point + 1/2 + 2u, by one fma with the reciprocal, where u = 2^-14:
// from 512 to 1024 a whole number of u, whose bits are the exponent's, the code (9 bits), 14 bits of fraction. The quotient
// has an error of 2^-24 (its rounding), so has the reciprocal, each of 512 at most, and t is rounded by u / 2: together no more
// than 3u / 2. So the code is right unless the fraction is below 4u: those are divided after all. Below 512 and from 1024
// on the code is 0 and 255, and what the bits say is beyond it. All of it is taken times 2^-74: the exponent's bits are 62
// then, which fit 16 bits together with the code.
constexpr int kFractionBits = 14, kCodeBits = 9;
constexpr float kOne = 0x1p-74f, kUnit = kOne / (1 << kFractionBits);
constexpr int32_t kExponent = 62 << kCodeBits;

inline void RunQuantize(const float* x, size_t count, float scale, uint8_t zero_point, uint8_t* y) {
  constexpr float kNormal = 1.17549435e-38f;
  const float reciprocal = 1 / scale * kOne;
  const bool divides = !(scale >= kNormal && reciprocal >= kNormal);  // also for a NaN
  const F32 divisor = Fill(scale), factor = Fill(reciprocal);
  const F32 start = Fill((512.5f + static_cast<float>(zero_point)) * kOne + 2 * kUnit);
  const F32 least = Fill(512 * kOne + 8 * kUnit);
  const I32 fraction = FillI((1 << kFractionBits) - 4);
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    I32 q[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      q[v] = BitsOf(Larger(Fma(Load(x + i + v * kLanes), factor, start), least));  // NaN: the least
    }
    if (!divides && AllHave(q, fraction)) {
      for (int v = 0; v < kVectors; ++v) q[v] = ShiftRight(q[v], kFractionBits);
      StoreQuantized(y + i, q, kStep, -kExponent, 0, 255);
      continue;
    }
    for (int v = 0; v < kVectors; ++v) q[v] = RoundQuotient(Div(Load(x + i + v * kLanes), divisor));
    StoreQuantized(y + i, q, kStep, zero_point, 0, 255);
  }
  for (; i < count; i += kLanes) {
    const size_t lanes = count - i < kLanes ? count - i : kLanes;
    const I32 q[1] = {RoundQuotient(Div(LoadFirst(x + i, lanes), divisor))};
    StoreQuantized(y + i, q, lanes, zero_point, 0, 255);
  }
}

}  // namespace

void GOSSAMER_SIMD(RangeF32)(const float* x, size_t count, float* low, float* high) { RunRange(x, count, low, high); }

void GOSSAMER_SIMD(QuantizeU8)(const float* x, size_t count, float scale, uint8_t zero_point, uint8_t* y) {
  RunQuantize(x, count, scale, zero_point, y);
}

}  // namespace gossamer
