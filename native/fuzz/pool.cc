// Pools: every variant against the definition, over windows of any shape that fits.
#include "kernels/pool/pool.h"

#include <cmath>

#include "fuzz/input.h"

using namespace gossamer;

namespace {

PoolRow RowOf(Input& input, size_t* pad_end) {
  PoolRow row{};
  row.channels = 1 + input.Size(200);
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

template <class T, class Fn, class Call>
void Compare(Input& input, Fn& scalar, VariantList<Fn> list, const std::vector<T>& values, size_t count, const char* what,
             const Call& call) {
  Exact<T> x(values, input);
  std::vector<T> expected(count);
  call(scalar, x.data(), expected.data());
  ForEachVariant(list, [&](Fn& fn, const char* isa) {
    Exact<T> y(std::vector<T>(count), input);
    call(fn, x.data(), y.data());
    Require(SameBits(y.Copy(), expected), what, isa);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte() % 4;
  size_t pad_end = 0;
  const PoolRow row = RowOf(input, &pad_end);
  const AverageCounts counts{input.Bool(), row.rows + input.Size(2), pad_end};
  const size_t count = OutputCount(row);
  if (kind == 0) {
    Compare<float>(input, MaxPoolFloatScalar, MaxPoolFloatVariants(), input.Floats(InputCount(row)), count, "MaxPoolFloat",
                   [&](MaxPoolFloatFn& fn, const float* x, float* y) { fn(x, row, y); });
  } else if (kind == 1) {
    Compare<uint8_t>(input, MaxPoolUint8Scalar, MaxPoolUint8Variants(), input.Bytes(InputCount(row)), count, "MaxPoolUint8",
                     [&](MaxPoolUint8Fn& fn, const uint8_t* x, uint8_t* y) { fn(x, row, y); });
  } else if (kind == 2) {
    std::vector<float> x = input.Floats(InputCount(row));
    for (float& v : x) v = v - v == 0 ? v : 1.0f;  // which NaN a sum gives is not defined
    // An empty window gives NaN, whose sign is not defined either.
    if (!counts.include_pad && row.pad + pad_end > 0) return 0;
    if (counts.rows == 0 || row.rows == 0) return 0;
    Compare<float>(input, AveragePoolFloatScalar, AveragePoolFloatVariants(), x, count, "AveragePoolFloat",
                   [&](AveragePoolFloatFn& fn, const float* p, float* y) { fn(p, row, counts, y); });
  } else {
    Int8AverageScales scales{std::abs(input.Scale()), std::abs(input.Scale()), input.Range(0, 255),
                             input.Range(0, 255)};
    scales.is_fixed = input.Bool();
    scales.multiplier = scales.is_fixed ? input.Range(1 << 30, INT32_MAX) : 0;
    scales.exponent = input.Range(-40, 40);
    Compare<uint8_t>(input, AveragePoolUint8Scalar, AveragePoolUint8Variants(), input.Bytes(InputCount(row)), count,
                     "AveragePoolUint8", [&](AveragePoolUint8Fn& fn, const uint8_t* x, uint8_t* y) {
                       fn(x, row, counts, scales, y);
                     });
  }
  return 0;
}
