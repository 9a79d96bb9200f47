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

inline void RunQuantize(const float* x, size_t count, float scale, uint8_t zero_point, uint8_t* y) {
  // Division is slow. The product with the reciprocal is within 2^-22 of the quotient, relatively: below 2^11 off by no
  // more than 2^-11, and rounding to the same integer unless a tie is as near as that. Those are divided after all.
  constexpr float kNearTie = 0.5f - 1.0f / 2048, kFar = 2048.0f;
  const float reciprocal = 1 / scale;
  const float normal = 1.17549435e-38f;
  const bool divides = !(scale >= normal && reciprocal >= normal);  // also for a NaN
  const F32 divisor = Fill(scale), factor = Fill(reciprocal);
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    I32 q[kVectors];
    bool is_exact = !divides;
    if (!divides) {
      F32 worst = Fill(0.0f), largest = Fill(0.0f);
      for (int v = 0; v < kVectors; ++v) {
        const F32 product = Larger(Mul(Load(x + i + v * kLanes), factor), Fill(-1024.0f));
        q[v] = RoundToInt(product);
        worst = Larger(Abs(Sub(product, ToFloat(q[v]))), worst);
        largest = Larger(product, largest);
      }
      is_exact = !Any(Less(Fill(kNearTie), worst)) && !Any(Less(Fill(kFar), largest));
    }
    if (!is_exact) {
      for (int v = 0; v < kVectors; ++v) q[v] = RoundQuotient(Div(Load(x + i + v * kLanes), divisor));
    }
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
