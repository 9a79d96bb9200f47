// Outer products of pixels: every kernel against the definition.
#include "kernels/conv_grad_weight_f32/conv_grad_weight_f32.h"

#include <algorithm>

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t rows = 1 + input.Size(60), columns = 1 + input.Size(90);
  const size_t x_step = input.Size(70), dy_step = input.Size(100);
  const size_t count = input.Size(3), x_pixels = 1 + input.Size(8), strips = StripsF32(columns);
  const size_t strip_stride = (rows + input.Size(3)) * kStripF32;
  Exact<float> x(input.Floats((x_pixels - 1) * x_step + rows), input);
  Exact<float> dy(input.Floats((x_pixels - 1) * dy_step + strips * kStripF32), input);
  std::vector<PixelLine> lines;
  for (size_t i = 0; i < count; ++i) {
    const size_t first = input.Size(x_pixels - 1), pixels = input.Size(x_pixels - first);
    lines.push_back({x.data() + first * x_step, dy.data() + first * dy_step, pixels});
  }
  const std::vector<float> start = input.Floats(strips * strip_stride);
  const auto run = [&](ConvGradWeightF32Fn& fn, float* sums) {
    fn({lines.data(), count, x_step, dy_step}, rows, columns, sums, strip_stride);
    // What lies behind the columns is not said.
    for (size_t n = columns; n < strips * kStripF32; ++n) {
      for (size_t m = 0; m < rows; ++m) sums[n / kStripF32 * strip_stride + m * kStripF32 + n % kStripF32] = 0;
    }
  };
  std::vector<float> expected = start;
  run(ConvGradWeightF32Scalar, expected.data());
  ForEachVariant(ConvGradWeightF32Variants(), [&](ConvGradWeightF32Fn& fn, const char* isa) {
    Exact<float> sums(start, input);
    run(fn, sums.data());
    Require(SameFloats(sums.Copy(), expected), "ConvGradWeightF32", isa);
  });
  return 0;
}
