// Reductions: every kernel against the definition.
#include "kernels/reduce_f32/reduce_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const Reduce kind = static_cast<Reduce>(input.Byte() % kReduceKinds);
  const bool columns = input.Bool();
  const size_t rows = input.Size(8), cols = input.Size(200), stride = cols + input.Size(4);
  Exact<float> x(input.Floats(rows == 0 ? 0 : (rows - 1) * stride + cols), input);
  std::vector<float> expected(columns ? cols : rows);
  ReduceRowsF32Fn& definition = columns ? ReduceColumnsF32Scalar : ReduceRowsF32Scalar;
  definition(kind, x.data(), rows, cols, stride, expected.data());
  ForEachVariant(columns ? ReduceColumnsF32Variants() : ReduceRowsF32Variants(),
                 [&](ReduceRowsF32Fn& fn, const char* isa) {
                   Exact<float> y(expected.size(), input);
                   fn(kind, x.data(), rows, cols, stride, y.data());
                   Require(SameFloats(y.Copy(), expected), columns ? "ReduceColumnsF32" : "ReduceRowsF32", isa);
                 });
  return 0;
}
