// Gradients of activations: every kernel against the definition.
#include "kernels/activation_grad_f32/activation_grad_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const auto kind = static_cast<ActivationGrad>(input.Byte() % kActivationGradKinds);
  const ActivationGradSpec spec{kind, input.Float(), input.Float()};
  const size_t count = input.Size(200);
  Exact<float> dy(input.Floats(count), input), v(input.Floats(count), input);
  std::vector<float> expected(count);
  ActivationGradF32Scalar(spec, dy.data(), v.data(), count, expected.data());
  ForEachVariant(ActivationGradF32Variants(), [&](ActivationGradF32Fn& fn, const char* isa) {
    Exact<float> dx(count, input);
    fn(spec, dy.data(), v.data(), count, dx.data());
    Require(SameFloats(dx.Copy(), expected), "ActivationGradF32", isa);
  });
  return 0;
}
