// Depthwise int8 layers: every variant against the definition, over any rows, channels, positions and results.
#include "kernels/depthwise_i8/depthwise_i8.h"

#include <cmath>

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t count = input.Size(12), channels = 1 + input.Size(150), taps = 1 + input.Size(28);
  const size_t positions = 1 + input.Size(12), padded = (channels + 15) / 16 * 16;
  std::vector<uint8_t> elements = input.Bytes(positions * channels);
  if (input.Byte() % 4 == 0) std::fill(elements.begin(), elements.end(), 255);
  elements.resize(elements.size() + kReadSlack);
  Exact<uint8_t> x(elements, input);
  std::vector<int8_t> w(channels * taps);
  const bool extreme = input.Byte() % 4 == 0;
  for (int8_t& value : w) value = extreme ? -128 : static_cast<int8_t>(input.Byte());
  std::vector<int32_t> offsets(taps * count), bias(padded);
  for (int32_t& offset : offsets) offset = static_cast<int32_t>(input.Size(positions - 1) * channels);
  for (int32_t& value : bias) value = input.Range(-30000, 30000);
  Guarded<int8_t> blocks(DepthwiseBytesI8(channels, taps), Edge::kFront);
  const PackedDepthwiseI8 packed = PackDepthwiseI8(w.data(), channels, taps, blocks.data());
  const ActivationRows rows{offsets.data(), count, taps, channels, channels};

  Int8Output o{};
  o.kind = static_cast<Int8Result>(input.Byte() % 3);
  o.bias = bias.data();
  std::vector<float> scale(padded), offset(padded);
  for (float& value : scale) value = std::ldexp(static_cast<float>(input.Range(-1000, 1000)), input.Range(-20, -8));
  for (float& value : offset) value = static_cast<float>(input.Range(-1000, 1000));
  o.scale = scale.data();
  o.offset = offset.data();
  if (o.kind == Int8Result::kFloat) o.act = {static_cast<Activation>(input.Byte() % 15), 0.25f, 0.75f};
  o.zero_point = input.Byte();
  o.low = input.Byte();
  o.high = input.Range(o.low, 255);
  o.own_ratio = static_cast<float>(input.Range(-1000, 1000)) / 256;
  o.residual_ratio = static_cast<float>(input.Range(-1000, 1000)) / 256;
  o.residual_zero = input.Byte();
  o.sum_zero = input.Byte();
  o.sum_high = 255;
  o.residual_stride = channels;
  o.y_stride = channels + input.Size(3);
  std::vector<uint8_t> residual = input.Bytes(count * channels + kReadSlack);
  if (o.kind == Int8Result::kQuantized && input.Bool()) o.residual = residual.data();
  const size_t bytes = count * o.y_stride * (o.kind == Int8Result::kQuantized ? 1 : 4), middle = input.Size(count);
  Exact<uint8_t> expected(bytes, input);
  o.y = expected.data();
  DepthwiseI8Scalar(x.data(), rows, 0, count, packed, o);
  ForEachVariant(DepthwiseI8Variants(), [&](DepthwiseI8Fn& fn, const char* isa) {
    Exact<uint8_t> y(bytes, input);
    o.y = y.data();
    fn(x.data(), rows, 0, middle, packed, o);
    fn(x.data(), rows, middle, count, packed, o);
    Require(SameBits(y.Copy(), expected.Copy()), "DepthwiseI8", isa);
  });
  return 0;
}
