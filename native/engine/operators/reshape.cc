// Reshape, Flatten, Squeeze, Unsqueeze: y is x under other dims.
#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

class ViewOperator : public Operator {
 public:
  void Run(const TensorList&, const std::vector<Tensor>&, RunContext&) const override {}
  int View() const override { return 0; }
};

class ReshapeOperator : public ViewOperator {
 public:
  explicit ReshapeOperator(bool allow_zero) : allow_zero_(allow_zero) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& from = inputs[0]->dims;
    const Integers wanted = ReadIntegers("Reshape shape", *inputs[1], kMaxRank);
    size_t free = wanted.count, known = 1;
    int64_t sizes[2 * kMaxRank];
    for (size_t i = 0; i < wanted.count; ++i) {
      sizes[i] = wanted[i];
      if (sizes[i] == 0 && !allow_zero_) {
        if (i >= from.Rank()) RefuseShape("Reshape shape", "a 0 only for an axis of the input", from.Text());
        sizes[i] = from[i];
      }
      if (sizes[i] == -1) {
        if (free != wanted.count) RefuseShape("Reshape shape", "at most one -1", "two");
        free = i;
        sizes[i] = 1;
      }
    }
    const Dims others(sizes, wanted.count);  // refuses negative sizes and products that are too large
    known = others.Count();
    if (free != wanted.count && known != 0 && from.Count() % known == 0) {
      sizes[free] = static_cast<int64_t>(from.Count() / known);
    }
    outputs[0].dims = Dims(sizes, wanted.count);
    if (outputs[0].dims.Count() != from.Count() || (free != wanted.count && known == 0)) {
      RefuseShape("Reshape", "the elements of " + from.Text(), outputs[0].dims.Text());
    }
  }

 private:
  bool allow_zero_;
};

class FlattenOperator : public ViewOperator {
 public:
  explicit FlattenOperator(int64_t axis) : axis_(axis) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& from = inputs[0]->dims;
    const int64_t rank = static_cast<int64_t>(from.Rank());
    if (axis_ < -rank || axis_ > rank) RefuseShape("Flatten axis", "an axis of " + from.Text(), std::to_string(axis_));
    const size_t axis = static_cast<size_t>(axis_ < 0 ? axis_ + rank : axis_);
    outputs[0].dims = Dims{static_cast<int64_t>(from.Count(0, axis)), static_cast<int64_t>(from.Count(axis, from.Rank()))};
  }

 private:
  int64_t axis_;
};

// One bit an axis.
unsigned AxisBits(const char* op, const Integers& axes, size_t rank) {
  unsigned bits = 0;
  for (size_t i = 0; i < axes.count; ++i) {
    const unsigned bit = 1u << NormalAxis(op, axes[i], rank);
    if ((bits & bit) != 0) RefuseShape(std::string(op) + " axes", "each axis once", std::to_string(axes[i]) + " twice");
    bits |= bit;
  }
  return bits;
}

class SqueezeOperator : public ViewOperator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& from = inputs[0]->dims;
    const Tensor* axes = Optional(inputs, 1);
    const unsigned bits = axes ? AxisBits("Squeeze", ReadIntegers("Squeeze axes", *axes, kMaxRank), from.Rank()) : ~0u;
    Dims dims;
    for (size_t a = 0; a < from.Rank(); ++a) {
      const bool goes = (bits >> a & 1) != 0 && (axes || from[a] == 1);
      if (!goes) {
        dims.Append(from[a]);
      } else if (from[a] != 1) {
        RefuseShape("Squeeze axes", "axes of size 1", std::to_string(a) + " of " + from.Text());
      }
    }
    outputs[0].dims = dims;
  }
};

class UnsqueezeOperator : public ViewOperator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& from = inputs[0]->dims;
    const Integers axes = ReadIntegers("Unsqueeze axes", *inputs[1], kMaxRank);
    const size_t rank = from.Rank() + axes.count;
    if (rank > kMaxRank) RefuseShape("Unsqueeze", "at most 8 axes", std::to_string(rank));
    const unsigned bits = AxisBits("Unsqueeze", axes, rank);
    Dims dims;
    for (size_t a = 0, next = 0; a < rank; ++a) dims.Append((bits >> a & 1) != 0 ? 1 : from[next++]);
    outputs[0].dims = dims;
  }
};

}  // namespace

std::unique_ptr<Operator> MakeReshape(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<ReshapeOperator>(spec.attributes.Int("allowzero", 0) != 0);
}

std::unique_ptr<Operator> MakeFlatten(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckSameType(spec, 0, 0);
  return std::make_unique<FlattenOperator>(spec.attributes.Int("axis", 1));
}

std::unique_ptr<Operator> MakeSqueeze(OperatorSpec& spec) {
  CheckArity(spec, 1, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<SqueezeOperator>();
}

std::unique_ptr<Operator> MakeUnsqueeze(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<UnsqueezeOperator>();
}

}  // namespace gossamer
