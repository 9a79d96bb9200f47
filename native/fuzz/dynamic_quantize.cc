// Dynamic quantization: both passes against the definition, over any floats and scales.
#include "kernels/dynamic_quantize/dynamic_quantize.h"

#include <cmath>

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t count = input.Size(300);
  std::vector<float> values = input.Floats(count);
  float low = 0, high = 0;
  RangeF32Scalar(values.data(), count, &low, &high);
  Exact<float> x(values, input);
  ForEachVariant(RangeF32Variants(), [&](RangeF32Fn& fn, const char* isa) {
    float least = 0, most = 0;
    fn(x.data(), count, &least, &most);
    Require(least == low && most == high, "RangeF32", isa);
  });
  QuantizeU8Params params = DynamicParamsU8(low, high);
  if (input.Bool()) params = {std::fabs(input.Scale()), input.Byte()};
  for (float& value : values) {  // the contract: a quotient that an int32 holds
    if (std::fabs(value / params.scale) >= 2e9f) value = params.scale;
  }
  Exact<float> bounded(values, input);
  std::vector<uint8_t> expected(count);
  QuantizeU8Scalar(values.data(), count, params.scale, params.zero_point, expected.data());
  ForEachVariant(QuantizeU8Variants(), [&](QuantizeU8Fn& fn, const char* isa) {
    Exact<uint8_t> y(count, input);
    fn(bounded.data(), count, params.scale, params.zero_point, y.data());
    Require(SameBits(y.Copy(), expected), "QuantizeU8", isa);
  });
  return 0;
}
