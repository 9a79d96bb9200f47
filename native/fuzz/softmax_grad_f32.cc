// Gradients of softmax along rows and columns: every kernel against the definition.
#include "kernels/softmax_grad_f32/softmax_grad_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const Softmax kind = input.Bool() ? Softmax::kLog : Softmax::kSoftmax;
  const bool columns = input.Bool();
  const size_t rows = input.Size(6), cols = input.Size(200), stride = cols + (columns ? input.Size(4) : 0);
  const size_t count = rows == 0 ? 0 : (rows - 1) * stride + cols;
  Exact<float> dy(input.Floats(count), input), y(input.Floats(count), input);
  const std::vector<float> zeros(count, 0.0f);
  Exact<float> expected(zeros, input);
  if (columns) {
    SoftmaxGradColumnsF32Scalar(kind, dy.data(), y.data(), rows, cols, stride, expected.data());
    ForEachVariant(SoftmaxGradColumnsF32Variants(), [&](SoftmaxGradColumnsF32Fn& fn, const char* isa) {
      Exact<float> dx(zeros, input);
      fn(kind, dy.data(), y.data(), rows, cols, stride, dx.data());
      Require(SameFloats(dx.Copy(), expected.Copy()), "SoftmaxGradColumnsF32", isa);
    });
  } else {
    SoftmaxGradF32Scalar(kind, dy.data(), y.data(), rows, cols, expected.data());
    ForEachVariant(SoftmaxGradF32Variants(), [&](SoftmaxGradF32Fn& fn, const char* isa) {
      Exact<float> dx(zeros, input);
      fn(kind, dy.data(), y.data(), rows, cols, dx.data());
      Require(SameFloats(dx.Copy(), expected.Copy()), "SoftmaxGradF32", isa);
    });
  }
  return 0;
}
