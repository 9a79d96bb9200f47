// Float64 products: every kernel against the definition.
#include "kernels/gemm_f64/gemm_f64.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

std::vector<double> Doubles(Input& input, size_t rows, size_t columns, size_t stride) {
  const std::vector<float> values = input.Floats(rows == 0 ? 0 : (rows - 1) * stride + columns);
  return std::vector<double>(values.begin(), values.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t m = input.Size(14), n = input.Size(80), k = input.Size(20);
  const size_t a_stride = m + input.Size(3), b_stride = n + input.Size(3), c_stride = n + input.Size(3);
  Exact<double> a(Doubles(input, k, m, a_stride), input), b(Doubles(input, k, n, b_stride), input);
  const std::vector<double> start = Doubles(input, m, n, c_stride);
  std::vector<double> expected = start;
  SubtractProductF64Scalar(a.data(), a_stride, b.data(), b_stride, k, expected.data(), c_stride, m, n);
  ForEachVariant(SubtractProductF64Variants(), [&](SubtractProductF64Fn& fn, const char* isa) {
    Exact<double> c(start, input);
    fn(a.data(), a_stride, b.data(), b_stride, k, c.data(), c_stride, m, n);
    const std::vector<double> received = c.Copy();
    for (size_t i = 0; i < expected.size(); ++i) {
      const bool both_nan = std::isnan(expected[i]) && std::isnan(received[i]);
      Require(both_nan || std::memcmp(&expected[i], &received[i], sizeof(double)) == 0, "SubtractProductF64", isa);
    }
  });
  return 0;
}
