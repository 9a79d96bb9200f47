// Sums that compare two arrays (SQNR, cosine similarity), with the same bits on every CPU and thread count.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// Pairs of which a or b is NaN or infinite are counted in non_finite and left out of everything else.
struct ErrorSums {
  double squared_error;      // sum of (a - b)^2
  double squared_reference;  // sum of a^2
  double squared_actual;     // sum of b^2
  double dot;                // sum of a * b
  double max_error;          // largest |a - b|
  uint64_t non_finite;
};

// Elements of one block; blocks are independent, and their sums are added in order.
constexpr size_t kErrorBlock = 4096;

// The sums of a[0..count) and b[0..count), count <= kErrorBlock. All in double: element i goes to partial sum i % 8, in
// order (a missing or left-out pair adds 0), and the 8 are folded by halves: p[j] + p[j + 4], then + 2, + 1. No fused
// operations.
using ErrorBlockFn = void(const float* a, const float* b, size_t count, ErrorSums* sums);

ErrorBlockFn ErrorBlockScalar, ErrorBlockAvx2, ErrorBlockAvx512, ErrorBlockNeon;
VariantList<ErrorBlockFn> ErrorBlockVariants();
ErrorBlockFn& ErrorBlock();  // best one for this CPU

}  // namespace gossamer
