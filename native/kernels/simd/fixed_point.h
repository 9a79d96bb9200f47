// Requantize (kernels/fixed_point.h) on vectors. Included after a kernels/simd/ header and its fixed_*.h.
#pragma once
#include "kernels/fixed_point.h"

namespace gossamer {
namespace {

// A factor for each lane.
struct FixedPoints {
  I32 multiplier, left, right;
};
inline FixedPoints FillFixed(FixedPoint f) { return {FillI(f.multiplier), FillI(f.left), FillI(f.right)}; }

inline I32 RequantizeI(I32 v, const FixedPoints& f) {
  const I32 high = HighMul(ShiftLeftEach(v, f.left), f.multiplier);
  const I32 mask = SubI(ShiftLeftEach(FillI(1), f.right), FillI(1));
  // All bits of a lane where what is shifted out is more than a half, or a half of a number above 0.
  const I32 threshold = SubI(ShiftRightEach(mask, FillI(1)), ShiftRight(high, 31));
  const I32 above = ShiftRight(SubI(threshold, AndI(high, mask)), 31);
  return SubI(ShiftRightEach(high, f.right), above);
}

}  // namespace
}  // namespace gossamer
