// Functions of two floats: every kernel against the definition, for every way to broadcast.
#include "kernels/binary_f32/binary_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const Binary kind = static_cast<Binary>(input.Byte() % kBinaryKinds);
  const uint8_t broadcast = input.Byte();
  const size_t rows = 1 + input.Size(5), cols = 1 + input.Size(150);
  const size_t step_a = broadcast & 1, step_b = broadcast >> 1 & 1;
  const size_t row_a = (broadcast & 4) != 0 ? (step_a != 0 ? cols : 1) : 0;
  const size_t row_b = (broadcast & 8) != 0 ? (step_b != 0 ? cols : 1) : 0;
  Exact<float> a(input.Floats((row_a != 0 ? rows : 1) * (step_a != 0 ? cols : 1)), input);
  Exact<float> b(input.Floats((row_b != 0 ? rows : 1) * (step_b != 0 ? cols : 1)), input);
  std::vector<float> expected(rows * cols);
  BinaryF32Scalar(kind, {a.data(), row_a, step_a}, {b.data(), row_b, step_b}, rows, cols, expected.data());
  ForEachVariant(BinaryF32Variants(), [&](BinaryF32Fn& fn, const char* isa) {
    Exact<float> y(rows * cols, input);
    fn(kind, {a.data(), row_a, step_a}, {b.data(), row_b, step_b}, rows, cols, y.data());
    Require(SameFloats(y.Copy(), expected), "BinaryF32", isa);
  });
  return 0;
}
