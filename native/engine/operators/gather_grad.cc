// GatherGrad: the gradient of what Gather took its rows from. Rows of dy are added to zeros in the order of the
// indices.
#include <algorithm>

#include "engine/operators/arguments.h"
#include "kernels/binary_f32/binary_f32.h"

namespace gossamer {
namespace {

class GatherGradOperator : public Operator {
 public:
  GatherGradOperator(int64_t axis, int64_t size) : axis_(axis), size_(size) {}

  // dy [before..., indices..., behind...], indices -> dx [before..., size, behind...]
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &dy = inputs[0]->dims, &indices = inputs[1]->dims;
    if (dy.Rank() < indices.Rank()) RefuseShape("GatherGrad dy", "the axes of the indices in it", dy.Text());
    const size_t axis = NormalAxis("GatherGrad", axis_, dy.Rank() - indices.Rank() + 1);
    for (size_t i = 0; i < indices.Rank(); ++i) {
      if (dy[axis + i] != indices[i]) RefuseShape("GatherGrad dy", "the axes of the indices in it", dy.Text());
    }
    Dims dx;
    for (size_t i = 0; i < axis; ++i) dx.Append(dy[i]);
    dx.Append(size_);
    for (size_t i = axis + indices.Rank(); i < dy.Rank(); ++i) dx.Append(dy[i]);
    outputs[0].dims = dx;
  }

  // Each task has a range of dx rows to itself, and looks through all indices for them.
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = outputs[0].dims;
    const Tensor& indices = *inputs[1];
    const size_t axis = NormalAxis("GatherGrad", axis_, dims.Rank());
    const auto size = static_cast<size_t>(size_);
    const size_t outer = dims.Count(0, axis), width = dims.Count(axis + 1, dims.Rank()), picked = indices.Count();
    auto* places = static_cast<size_t*>(context.Scratch(std::max<size_t>(picked, 1) * sizeof(size_t)));
    for (size_t i = 0; i < picked; ++i) places[i] = Place(IntegerAt(indices, i));
    if (outer * size * width == 0) return;
    const Ranges ranges = RangesOf(outer, size, width, picked);
    context.Parallel(outer * ranges.count, [&](size_t task) {
      const size_t block = task / ranges.count, first = task % ranges.count * ranges.rows;
      const size_t end = std::min(size, first + ranges.rows);
      const float* dy = inputs[0]->As<float>() + block * picked * width;
      float* dx = outputs[0].As<float>() + block * size * width;
      std::fill(dx + first * width, dx + end * width, 0.0f);
      for (size_t i = 0; i < picked; ++i) {
        if (places[i] >= first && places[i] < end) AddRow(dy + i * width, width, dx + places[i] * width);
      }
    });
  }

 private:
  struct Ranges {
    size_t rows, count;
  };
  // By the sizes alone: ranges worth a task, and few, for each of them reads all indices.
  static Ranges RangesOf(size_t outer, size_t size, size_t width, size_t picked) {
    constexpr size_t kMost = 16;
    const size_t wanted = TilesFor((size + picked) * width, 1).tiles;
    const size_t count = outer >= kMost ? 1 : std::min({wanted, kMost / outer, size});
    const size_t rows = (size + count - 1) / count;
    return {rows, (size + rows - 1) / rows};
  }

  static void AddRow(const float* from, size_t width, float* to) {
    constexpr size_t kCall = 16;  // below this a call costs more than the sums
    if (width >= kCall) {
      BinaryF32()(Binary::kAdd, {to, width, 1}, {from, width, 1}, 1, width, to);
    } else {
      for (size_t i = 0; i < width; ++i) to[i] += from[i];
    }
  }

  size_t Place(int64_t index) const {
    if (index < -size_ || index >= size_) {
      RefuseValue("GatherGrad indices", "indices of an axis of " + std::to_string(size_), std::to_string(index));
    }
    return static_cast<size_t>(index < 0 ? index + size_ : index);
  }

  int64_t axis_, size_;
};

}  // namespace

std::unique_ptr<Operator> MakeGatherGrad(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckType(spec, 0, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  CheckIntegers(spec, 1);
  const int64_t size = spec.attributes.Int("size", -1);
  if (size < 0) RefuseProgram("GatherGrad size", "the length of an axis", std::to_string(size));
  return std::make_unique<GatherGradOperator>(spec.attributes.Int("axis", 0), size);
}

}  // namespace gossamer
