// Rows of an integer layer whose sums become codes in fixed point: a few rows of sums at a time, then RequantizeI32.
#pragma once
#include <algorithm>
#include <vector>

#include "kernels/linear.h"
#include "kernels/requantize_i32/requantize_i32.h"

namespace gossamer {

// Sums of a step fit a second-level cache beside the weights.
constexpr size_t kFixedSums = 48 * 1024;

// Which outputs: `count` of `outputs` from `begin` on; rows are taken in multiples of `unit`.
struct FixedOutputs {
  size_t outputs, begin, count, unit;
};

// Rows first .. end - 1. run(x, rows, n, output) computes rows 0 .. n - 1 of what it is given, as int32.
template <class Run>
void RunFixedRows(const uint8_t* x, const ActivationRows& rows, size_t first, size_t end, const FixedOutputs& which,
                  const Int8Output& output, const Run& run) {
  const RequantizeSpec spec{output.multiplier + which.begin, output.left + which.begin, output.right + which.begin,
                            output.zero_point,               output.low,                output.high};
  const size_t step = std::max<size_t>(1, kFixedSums / which.outputs / which.unit) * which.unit;
  thread_local std::vector<int32_t> sums;
  sums.resize(std::max(sums.size(), std::min(step, end - first) * which.outputs));
  for (size_t m = first; m < end; m += step) {
    const size_t count = std::min(step, end - m);
    ActivationRows some = rows;
    if (rows.offsets != nullptr) some.offsets = rows.offsets + m;
    Int8Output whole = output;
    whole.kind = Int8Result::kInt32;
    whole.y = sums.data();
    whole.y_stride = which.outputs;
    if (output.row_sums != nullptr) whole.row_sums = output.row_sums + m;
    run(rows.offsets == nullptr ? x + m * rows.stride : x, some, count, whole);
    uint8_t* y = static_cast<uint8_t*>(output.y) + m * output.y_stride + which.begin;
    RequantizeI32()(spec, sums.data() + which.begin, count, which.count, which.outputs, y, output.y_stride);
  }
}

}  // namespace gossamer
