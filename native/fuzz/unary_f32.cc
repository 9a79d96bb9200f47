// Functions of one float: every kernel against the definition.
#include "kernels/unary_f32/unary_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte();
  const float a = input.Float(), b = input.Float();
  const size_t count = input.Size(200);
  Exact<float> x(input.Floats(count), input);
  std::vector<float> expected(count);
  if ((kind & 1) != 0) {
    const ActivationSpec act{static_cast<Activation>((kind >> 1) % 15), a, b};
    ActivateF32Scalar(act, x.data(), count, expected.data());
    ForEachVariant(ActivateF32Variants(), [&](ActivateF32Fn& fn, const char* isa) {
      Exact<float> y(count, input);
      fn(act, x.data(), count, y.data());
      Require(SameFloats(y.Copy(), expected), "ActivateF32", isa);
    });
  } else {
    const UnarySpec spec{static_cast<Unary>((kind >> 1) % kUnaryKinds), a, b};
    UnaryF32Scalar(spec, x.data(), count, expected.data());
    ForEachVariant(UnaryF32Variants(), [&](UnaryF32Fn& fn, const char* isa) {
      Exact<float> y(count, input);
      fn(spec, x.data(), count, y.data());
      Require(SameFloats(y.Copy(), expected), "UnaryF32", isa);
    });
  }
  return 0;
}
