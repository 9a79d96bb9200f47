// The gradients of pools: every variant against the definition, over windows of any shape that fits.
#include "kernels/pool_grad/pool_grad.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

PoolRow RowOf(Input& input, size_t* pad_end) {
  PoolRow row{};
  row.channels = 1 + input.Size(80);
  row.pixel_stride = row.channels + input.Size(3);
  row.in_width = 1 + input.Size(12);
  row.rows = input.Size(4);
  row.row_stride = row.in_width * row.pixel_stride + input.Size(3);
  row.kernel = 1 + input.Size(5);
  row.stride = 1 + input.Size(3);
  row.dilation = 1 + input.Size(2);
  row.pad = input.Size(4);
  *pad_end = input.Size(4);
  const size_t extent = (row.kernel - 1) * row.dilation + 1, width = row.in_width + row.pad + *pad_end;
  row.out_width = width < extent ? 0 : (width - extent) / row.stride + 1;
  return row;
}

size_t InputCount(const PoolRow& row) {
  return row.rows == 0 ? 0 : (row.rows - 1) * row.row_stride + (row.in_width - 1) * row.pixel_stride + row.channels;
}
size_t OutputCount(const PoolRow& row) {
  return row.out_width == 0 ? 0 : (row.out_width - 1) * row.pixel_stride + row.channels;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const bool is_max = input.Bool();
  const PoolGradMode mode = input.Bool() ? PoolGradMode::kAdd : PoolGradMode::kSet;
  size_t pad_end = 0;
  const PoolRow row = RowOf(input, &pad_end);
  const AverageCounts counts{input.Bool(), row.rows + input.Size(2), pad_end};
  Exact<float> x(input.Floats(InputCount(row)), input), dy(input.Floats(OutputCount(row)), input);
  std::vector<float> largest(OutputCount(row));
  MaxPoolFloatScalar(x.data(), row, largest.data());
  Exact<float> y(largest, input);
  const std::vector<float> before = input.Floats(InputCount(row));
  const auto run = [&](const auto& call) {
    Exact<float> dx(before, input);
    call(dx.data());
    return dx.Copy();
  };
  if (is_max) {
    const auto of = [&](MaxPoolGradFn& fn) {
      return run([&](float* dx) { fn(dy.data(), x.data(), y.data(), row, mode, dx); });
    };
    const std::vector<float> expected = of(MaxPoolGradScalar);
    ForEachVariant(MaxPoolGradVariants(), [&](MaxPoolGradFn& fn, const char* isa) {
      Require(SameFloats(of(fn), expected), "MaxPoolGrad", isa);
    });
    return 0;
  }
  const auto of = [&](AveragePoolGradFn& fn) { return run([&](float* dx) { fn(dy.data(), row, counts, mode, dx); }); };
  const std::vector<float> expected = of(AveragePoolGradScalar);
  ForEachVariant(AveragePoolGradVariants(), [&](AveragePoolGradFn& fn, const char* isa) {
    Require(SameFloats(of(fn), expected), "AveragePoolGrad", isa);
  });
  return 0;
}
