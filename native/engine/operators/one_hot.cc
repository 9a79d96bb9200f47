// OneHot: `on` where the place along a new axis is the index, `off` elsewhere; an index outside is nowhere.
#include <algorithm>
#include <cmath>

#include "engine/operators/element_types.h"

namespace gossamer {
namespace {

// The whole part of a number; a number that no int64 holds becomes `otherwise`.
int64_t WholeAt(const Tensor& tensor, size_t i, int64_t otherwise) {
  int64_t whole = otherwise;
  WithNumber(tensor.type, [&](auto type) {
    using T = decltype(type);
    const T value = tensor.As<T>()[i];
    if constexpr (std::is_floating_point_v<T>) {
      if (std::fabs(value) < T{9e18}) whole = static_cast<int64_t>(value);
    } else {
      whole = static_cast<int64_t>(value);
    }
  });
  return whole;
}

class OneHotOperator : public Operator {
 public:
  explicit OneHotOperator(int64_t axis) : axis_(axis) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& indices = inputs[0]->dims;
    if (inputs[1]->Count() != 1) RefuseShape("OneHot depth", "one number", inputs[1]->dims.Text());
    if (inputs[2]->Count() != 2) RefuseShape("OneHot values", "two elements", inputs[2]->dims.Text());
    const int64_t depth = WholeAt(*inputs[1], 0, -1);
    if (depth < 0) RefuseValue("OneHot depth", "a number of 0 or more", std::to_string(depth));
    const size_t axis = NormalAxis("OneHot", axis_, indices.Rank() + 1);
    Dims dims;
    for (size_t a = 0; a <= indices.Rank(); ++a) dims.Append(a == axis ? depth : indices[a < axis ? a : a - 1]);
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = outputs[0].dims;
    if (outputs[0].Count() == 0) return;
    const size_t axis = NormalAxis("OneHot", axis_, dims.Rank());
    const int64_t depth = dims[axis];
    const size_t inner = dims.Count(axis + 1, dims.Rank()), block = static_cast<size_t>(depth) * inner;
    WithElement(ElementSize(outputs[0].type), [&](auto type) {
      using T = decltype(type);
      T* y = outputs[0].As<T>();
      const T off = inputs[2]->As<T>()[0], on = inputs[2]->As<T>()[1];
      ForTiles(context, dims.Count(0, axis), block, [&](size_t first, size_t end) {
        std::fill(y + first * block, y + end * block, off);
        for (size_t i = first * inner; i < end * inner; ++i) {
          const int64_t given = WholeAt(*inputs[0], i, depth), index = given < 0 ? given + depth : given;
          if (index < 0 || index >= depth) continue;
          y[i / inner * block + static_cast<size_t>(index) * inner + i % inner] = on;
        }
      });
    });
  }

 private:
  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeOneHot(OperatorSpec& spec) {
  CheckArity(spec, 3, 3);
  CheckSameType(spec, 0, 2);
  for (size_t i = 0; i < 2; ++i) {
    if (!IsNumber(spec.inputs[i].type)) RefuseType("OneHot input " + std::to_string(i), "numbers", spec.inputs[i].type);
  }
  return std::make_unique<OneHotOperator>(spec.attributes.Int("axis", -1));
}

}  // namespace gossamer
