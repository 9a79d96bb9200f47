// Gradients of depthwise weights: every kernel against the definition.
#include "kernels/depthwise_grad_weight_f32/depthwise_grad_weight_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t channels = 1 + input.Size(150), tap_count = input.Size(30), x_step = input.Size(160);
  const size_t dy_step = input.Size(160), count = input.Size(3), pixels = 1 + input.Size(8), reach = input.Size(400);
  constexpr size_t kBehind = 15;
  Exact<float> x(input.Floats((pixels - 1) * x_step + reach + channels + kBehind), input);
  Exact<float> dy(input.Floats((pixels - 1) * dy_step + channels + kBehind), input);
  std::vector<size_t> taps(tap_count);
  for (size_t& tap : taps) tap = input.Size(reach);
  std::vector<PixelLine> lines;
  for (size_t i = 0; i < count; ++i) {
    const size_t first = input.Size(pixels - 1);
    lines.push_back({x.data() + first * x_step, dy.data() + first * dy_step, input.Size(pixels - first)});
  }
  const size_t stride = DepthwiseStrideF32(channels);
  const std::vector<float> start = input.Floats(tap_count * stride);
  const auto run = [&](DepthwiseGradWeightF32Fn& fn, float* sums) {
    fn({lines.data(), count, x_step, dy_step}, taps.data(), tap_count, channels, sums);
    // What lies behind the channels is not said.
    for (size_t i = 0; i < tap_count * stride; ++i) sums[i] = i % stride < channels ? sums[i] : 0;
  };
  std::vector<float> expected = start;
  run(DepthwiseGradWeightF32Scalar, expected.data());
  ForEachVariant(DepthwiseGradWeightF32Variants(), [&](DepthwiseGradWeightF32Fn& fn, const char* isa) {
    Exact<float> sums(start, input);
    run(fn, sums.data());
    Require(SameFloats(sums.Copy(), expected), "DepthwiseGradWeightF32", isa);
  });
  return 0;
}
