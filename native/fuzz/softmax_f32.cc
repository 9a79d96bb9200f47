// Softmax of rows and of columns: every kernel against the definition.
#include "kernels/softmax_f32/softmax_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const Softmax kind = input.Bool() ? Softmax::kLog : Softmax::kSoftmax;
  const bool columns = input.Bool();
  const size_t rows = input.Size(6), cols = input.Size(200), stride = cols + (columns ? input.Size(4) : 0);
  Exact<float> x(input.Floats(rows == 0 ? 0 : (rows - 1) * stride + cols), input);
  const std::vector<float> zeros(x.Copy().size(), 0.0f);
  Exact<float> expected(zeros, input);
  if (columns) {
    SoftmaxColumnsF32Scalar(kind, x.data(), rows, cols, stride, expected.data());
    ForEachVariant(SoftmaxColumnsF32Variants(), [&](SoftmaxColumnsF32Fn& fn, const char* isa) {
      Exact<float> y(zeros, input);
      fn(kind, x.data(), rows, cols, stride, y.data());
      Require(SameFloats(y.Copy(), expected.Copy()), "SoftmaxColumnsF32", isa);
    });
  } else {
    SoftmaxF32Scalar(kind, x.data(), rows, cols, expected.data());
    ForEachVariant(SoftmaxF32Variants(), [&](SoftmaxF32Fn& fn, const char* isa) {
      Exact<float> y(zeros, input);
      fn(kind, x.data(), rows, cols, y.data());
      Require(SameFloats(y.Copy(), expected.Copy()), "SoftmaxF32", isa);
    });
  }
  return 0;
}
