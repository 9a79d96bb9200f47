// Depthwise sums: every kernel against the definition.
#include "kernels/depthwise_f32/depthwise_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const bool with_bias = input.Bool(), with_residual = input.Bool();
  const ActivationSpec act{static_cast<Activation>(input.Byte() % 15), input.Float(), input.Float()};
  const size_t m = input.Size(12), channels = input.Size(150), taps = input.Size(10), pieces = 1 + input.Size(20);
  const size_t y_stride = channels + input.Size(3);
  Exact<float> x(input.Floats(pieces * channels + kReadSlack / sizeof(float)), input);
  Exact<float> bias(input.Floats(channels), input);
  Exact<float> weights(input.Floats(taps * DepthwiseStrideF32(channels)), input);
  std::vector<int32_t> offsets(taps * m);
  for (int32_t& offset : offsets) offset = static_cast<int32_t>(input.Size(pieces - 1) * channels);
  const std::vector<float> start = input.Floats(m == 0 ? 0 : (m - 1) * y_stride + channels);
  Exact<float> residual(start, input);
  const size_t m0 = input.Size(m), m1 = m0 + input.Size(m - m0);
  const auto run = [&](DepthwiseF32Fn& fn, float* y) {
    fn(x.data(), {offsets.data(), m, taps, channels, 0}, m0, m1, weights.data(),
       {with_bias ? bias.data() : nullptr, with_residual ? residual.data() : nullptr, y_stride, act, y, y_stride});
  };
  std::vector<float> expected = start;
  run(DepthwiseF32Scalar, expected.data());
  ForEachVariant(DepthwiseF32Variants(), [&](DepthwiseF32Fn& fn, const char* isa) {
    Exact<float> y(start, input);
    run(fn, y.data());
    Require(SameFloats(y.Copy(), expected), "DepthwiseF32", isa);
  });
  return 0;
}
