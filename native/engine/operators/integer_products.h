// What MatMulInteger and ConvInteger have in common: operands of either sign with zero points that inputs give.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/operator.h"
#include "kernels/linear.h"

namespace gossamer {

// The element type of 8-bit operands (ERR_ENGINE_TYPE otherwise).
void RequireByteType(const OperatorSpec& spec, size_t input, const char* name);

// Zero point `i` of an optional input of one or more elements, 0 where it is absent; for int8 as for uint8 a number in
// the type of the operand.
int32_t ZeroPointAt(const Tensor* zero_points, size_t i);

// to[i] = from[i] with its sign bit turned: an int8 element as uint8 with 128 added, or a uint8 element as int8 less
// 128.
void TurnSigns(const uint8_t* from, size_t count, uint8_t* to);

// What exact int32 results sum (x - x_zero) (w - w_zero) need, w being [outputs][depth] int8.
class IntegerOutput {
 public:
  // w_zero[n], as int8 weights know it. sums[n] of the weights, modulo 2^32.
  IntegerOutput(const std::vector<uint32_t>& sums, std::vector<int32_t> w_zero, size_t depth);
  // With this zero point of x. Takes scratch memory; the object must outlive the result.
  Int8Output For(int32_t x_zero, RunContext& context) const;
  bool NeedsRowSums() const { return needs_row_sums_; }
  // sum of w - w_zero.
  uint32_t Difference(size_t n) const { return differences_[n]; }

 private:
  std::vector<int32_t> w_zero_;  // a panel more than outputs, as kernels read
  std::vector<uint32_t> differences_;
  bool needs_row_sums_ = false;
};

// sums[n] of w [outputs][depth].
std::vector<uint32_t> WeightSums(const int8_t* w, size_t outputs, size_t depth);

}  // namespace gossamer
