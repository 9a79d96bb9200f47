// Sums that compare two arrays: the kernel against the definition, and whole arrays against the sum of their blocks.
#include "kernels/error_stats/error_stats.h"

#include "fuzz/input.h"
#include "kernels/error_stats/tensor.h"

using namespace gossamer;

namespace {

bool Same(const ErrorSums& a, const ErrorSums& b) {
  return SameBits<double>({a.squared_error, a.squared_reference, a.squared_actual, a.dot, a.max_error},
                          {b.squared_error, b.squared_reference, b.squared_actual, b.dot, b.max_error}) &&
         a.non_finite == b.non_finite;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t count = input.Bool() ? input.Size(300) : kErrorBlock - 40 + input.Size(80);
  Exact<float> a(input.Floats(count), input), b(input.Floats(count), input);
  const size_t first = std::min(count, kErrorBlock);
  ErrorSums expected{};
  ErrorBlockScalar(a.data(), b.data(), first, &expected);
  ForEachVariant(ErrorBlockVariants(), [&](ErrorBlockFn& fn, const char* isa) {
    ErrorSums sums{};
    fn(a.data(), b.data(), first, &sums);
    Require(Same(sums, expected), "ErrorBlock", isa);
  });
  ErrorSums rest{}, sums{};
  ErrorBlockScalar(a.data() + first, b.data() + first, count - first, &rest);
  expected.squared_error += rest.squared_error;
  expected.squared_reference += rest.squared_reference;
  expected.squared_actual += rest.squared_actual;
  expected.dot += rest.dot;
  expected.max_error = std::max(expected.max_error, rest.max_error);
  expected.non_finite += rest.non_finite;
  Require(ComputeErrorStats(a.data(), b.data(), count, &sums, nullptr), "ComputeErrorStats ended");
  Require(Same(sums, expected), "ComputeErrorStats");
  return 0;
}
