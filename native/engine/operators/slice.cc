// Slice: every axis from a start, in steps of either sign.
#include <algorithm>
#include <limits>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

struct Range {
  int64_t start, step, count;
};

// The positions start, start + step, ... before end, on an axis of this size; as the standard clamps them.
Range Positions(int64_t start, int64_t end, int64_t step, int64_t size) {
  if (step == 0) RefuseValue("Slice steps", "steps other than 0", "0");
  if (start < 0) start += size;
  if (end < 0) end += size;
  if (step > 0) {
    start = std::min(std::max<int64_t>(start, 0), size);
    end = std::min(std::max<int64_t>(end, 0), size);
    return {start, step, start < end ? (end - start - 1) / step + 1 : 0};
  }
  start = std::min(std::max<int64_t>(start, -1), size - 1);
  end = std::min(std::max<int64_t>(end, -1), size - 1);
  // -(step + 1) + 1 does not overflow for the smallest step, as -step would.
  const uint64_t stride = static_cast<uint64_t>(-(step + 1)) + 1;
  const uint64_t span = start > end ? static_cast<uint64_t>(start - end) : 0;
  return {start, step, span == 0 ? 0 : static_cast<int64_t>((span - 1) / stride) + 1};
}

class SliceOperator : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    Range ranges[kMaxRank];
    Ranges(inputs, ranges);
    Dims dims;
    for (size_t a = 0; a < inputs[0]->dims.Rank(); ++a) dims.Append(ranges[a].count);
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims &from = inputs[0]->dims, &to = outputs[0].dims;
    if (to.Count() == 0) return;
    Range ranges[kMaxRank];
    Ranges(inputs, ranges);
    ptrdiff_t from_strides[kMaxRank], to_strides[kMaxRank], offset = 0;
    StridesOf(from, from_strides);
    StridesOf(to, to_strides);
    CopyAxis axes[kMaxRank];
    for (size_t a = 0; a < to.Rank(); ++a) {
      const ptrdiff_t step = ranges[a].count > 1 ? static_cast<ptrdiff_t>(ranges[a].step) * from_strides[a] : 0;
      axes[a] = {static_cast<size_t>(ranges[a].count), step, to_strides[a]};
      offset += static_cast<ptrdiff_t>(ranges[a].start) * from_strides[a];
    }
    const size_t element = ElementSize(outputs[0].type);
    const uint8_t* x = inputs[0]->As<uint8_t>() + offset * static_cast<ptrdiff_t>(element);
    RunCopy(StridedCopy(x, outputs[0].data, element, axes, to.Rank()), context);
  }

 private:
  static void Ranges(const TensorList& inputs, Range* ranges) {
    const Dims& dims = inputs[0]->dims;
    const Integers starts = ReadIntegers("Slice starts", *inputs[1], kMaxRank);
    const Integers ends = ReadIntegers("Slice ends", *inputs[2], kMaxRank);
    const Tensor *given_axes = Optional(inputs, 3), *given_steps = Optional(inputs, 4);
    Integers axes, steps;
    if (given_axes) axes = ReadIntegers("Slice axes", *given_axes, kMaxRank);
    if (given_steps) steps = ReadIntegers("Slice steps", *given_steps, kMaxRank);
    const size_t count = starts.count;
    if (ends.count != count || (given_axes ? axes.count != count : count > dims.Rank()) ||
        (given_steps && steps.count != count)) {
      RefuseShape("Slice", "as many ends, axes and steps as starts, " + std::to_string(count),
                  std::to_string(ends.count) + ", " + std::to_string(axes.count) + ", " + std::to_string(steps.count));
    }
    for (size_t a = 0; a < dims.Rank(); ++a) ranges[a] = {0, 1, dims[a]};
    unsigned seen = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t axis = given_axes ? NormalAxis("Slice", axes[i], dims.Rank()) : i;
      if ((seen >> axis & 1) != 0) RefuseShape("Slice axes", "each axis once", std::to_string(axis) + " twice");
      seen |= 1u << axis;
      ranges[axis] = Positions(starts[i], ends[i], given_steps ? steps[i] : 1, dims[axis]);
    }
  }
};

}  // namespace

std::unique_ptr<Operator> MakeSlice(OperatorSpec& spec) {
  CheckArity(spec, 3, 5);
  CheckSameType(spec, 0, 0);
  for (size_t i = 1; i < 5; ++i) CheckIntegers(spec, i);
  return std::make_unique<SliceOperator>();
}

}  // namespace gossamer
