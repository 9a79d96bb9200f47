// Sums and products of quantized tensors: every kernel against the definition.
#include "kernels/binary_u8/binary_u8.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t broadcast = input.Byte();
  BinaryU8Spec spec{};
  spec.kind = (broadcast & 16) != 0 ? BinaryU8Kind::kAdd : BinaryU8Kind::kMul;
  spec.a_zero = input.Byte();
  spec.b_zero = input.Byte();
  spec.y_zero = input.Byte();
  spec.low = input.Byte();
  spec.high = std::max<int32_t>(input.Byte(), spec.low);
  spec.a_ratio = input.Scale();
  spec.b_ratio = input.Scale();
  if (input.Bool()) {
    spec.kind = static_cast<BinaryU8Kind>(input.Range(2, 4));
    for (FixedPoint* factor : {&spec.a, &spec.b, &spec.y}) {
      *factor = FixedPointOf(input.Range(1 << 30, INT32_MAX), input.Range(-40, 40), input.Range(0, 20));
    }
  }
  const size_t rows = 1 + input.Size(4), cols = 1 + input.Size(150);
  const size_t step_a = broadcast & 1, step_b = broadcast >> 1 & 1;
  const size_t row_a = (broadcast & 4) != 0 ? (step_a != 0 ? cols : 1) : 0;
  const size_t row_b = (broadcast & 8) != 0 ? (step_b != 0 ? cols : 1) : 0;
  Exact<uint8_t> a(input.Bytes((row_a != 0 ? rows : 1) * (step_a != 0 ? cols : 1)), input);
  Exact<uint8_t> b(input.Bytes((row_b != 0 ? rows : 1) * (step_b != 0 ? cols : 1)), input);
  std::vector<uint8_t> expected(rows * cols);
  BinaryU8Scalar(spec, {a.data(), row_a, step_a}, {b.data(), row_b, step_b}, rows, cols, expected.data());
  ForEachVariant(BinaryU8Variants(), [&](BinaryU8Fn& fn, const char* isa) {
    Exact<uint8_t> y(rows * cols, input);
    fn(spec, {a.data(), row_a, step_a}, {b.data(), row_b, step_b}, rows, cols, y.data());
    Require(SameBits(y.Copy(), expected), "BinaryU8", isa);
  });
  return 0;
}
