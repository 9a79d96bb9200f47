// Sums to codes in fixed point: every kernel against the definition.
#include "kernels/requantize_i32/requantize_i32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t rows = 1 + input.Size(4), count = 1 + input.Size(150), stride = count + input.Size(3);
  std::vector<int32_t> x(rows * stride), multiplier(count), left(count), right(count);
  for (int32_t& v : x) v = input.Range(-(1 << 30), 1 << 30) >> (input.Byte() % 31);
  for (size_t n = 0; n < count; ++n) {
    const FixedPoint f = FixedPointOf(input.Range(1 << 30, INT32_MAX), input.Range(-40, 40), input.Range(0, 31));
    multiplier[n] = f.multiplier;
    left[n] = f.left;
    right[n] = f.right;
  }
  RequantizeSpec spec{multiplier.data(), left.data(), right.data(), input.Byte(), input.Byte(), 0};
  spec.high = std::max<int32_t>(input.Byte(), spec.low);
  std::vector<uint8_t> expected(rows * count);
  RequantizeI32Scalar(spec, x.data(), rows, count, stride, expected.data(), count);
  ForEachVariant(RequantizeI32Variants(), [&](RequantizeI32Fn& fn, const char* isa) {
    Exact<uint8_t> y(rows * count, input);
    fn(spec, x.data(), rows, count, stride, y.data(), count);
    Require(SameBits(y.Copy(), expected), "RequantizeI32", isa);
  });
  return 0;
}
