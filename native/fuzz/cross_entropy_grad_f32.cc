// Gradient of the cross entropy, positions as rows and as columns: every kernel against the definition.
#include "kernels/cross_entropy_grad_f32/cross_entropy_grad_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const bool columns = input.Bool();
  const size_t classes = 1 + input.Size(100), positions = input.Size(60);
  const size_t stride = columns ? positions + input.Size(4) : classes;
  const size_t count = columns ? (classes - 1) * stride + positions : positions * classes;
  Exact<float> log_prob(input.Floats(count), input), factors(input.Floats(positions), input);
  std::vector<int64_t> chosen(positions);
  for (int64_t& label : chosen) label = static_cast<int64_t>(input.Size(classes - 1));
  Exact<int64_t> labels(chosen, input);
  const SmoothedLabels to{labels.data(), factors.data(), static_cast<float>(input.Byte()) / 255};
  const std::vector<float> zeros(count, 0.0f);
  Exact<float> expected(zeros, input);
  if (columns) {
    CrossEntropyGradColumnsF32Scalar(to, log_prob.data(), classes, positions, stride, expected.data());
    ForEachVariant(CrossEntropyGradColumnsF32Variants(), [&](CrossEntropyGradColumnsF32Fn& fn, const char* isa) {
      Exact<float> dx(zeros, input);
      fn(to, log_prob.data(), classes, positions, stride, dx.data());
      Require(SameFloats(dx.Copy(), expected.Copy()), "CrossEntropyGradColumnsF32", isa);
    });
  } else {
    CrossEntropyGradF32Scalar(to, log_prob.data(), positions, classes, expected.data());
    ForEachVariant(CrossEntropyGradF32Variants(), [&](CrossEntropyGradF32Fn& fn, const char* isa) {
      Exact<float> dx(zeros, input);
      fn(to, log_prob.data(), positions, classes, dx.data());
      Require(SameFloats(dx.Copy(), expected.Copy()), "CrossEntropyGradF32", isa);
    });
  }
  return 0;
}
