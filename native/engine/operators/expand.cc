// Expand and Tile: x again and again.
#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

class ExpandOperator : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    const Integers shape = ReadIntegers("Expand shape", *inputs[1], kMaxRank);
    const size_t rank = x.Rank() > shape.count ? x.Rank() : shape.count;
    Dims dims;
    for (size_t a = 0; a < rank; ++a) {
      const int64_t own = a + x.Rank() < rank ? 1 : x[a + x.Rank() - rank];
      const int64_t wanted = a + shape.count < rank ? 1 : shape[a + shape.count - rank];
      if (own != wanted && own != 1 && wanted != 1) {
        RefuseShape("Expand shape", "sizes that go with " + x.Text(), std::to_string(wanted));
      }
      dims.Append(own == 1 ? wanted : own);
    }
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims &x = inputs[0]->dims, &y = outputs[0].dims;
    ptrdiff_t from[kMaxRank], to[kMaxRank];
    StridesOf(x, from);
    StridesOf(y, to);
    CopyAxis axes[kMaxRank];
    const size_t added = y.Rank() - x.Rank();
    for (size_t a = 0; a < y.Rank(); ++a) {
      const bool repeats = a < added || x[a - added] == 1;
      axes[a] = {static_cast<size_t>(y[a]), repeats ? 0 : from[a - added], to[a]};
    }
    RunCopy(StridedCopy(inputs[0]->data, outputs[0].data, ElementSize(outputs[0].type), axes, y.Rank()), context);
  }
};

class TileOperator : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    const Integers repeats = Repeats(inputs);
    Dims dims;
    for (size_t a = 0; a < x.Rank(); ++a) dims.Append(ProductOfSizes(x[a], repeats[a]));
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& x = inputs[0]->dims;
    const Integers repeats = Repeats(inputs);
    ptrdiff_t from[kMaxRank], to[kMaxRank];
    StridesOf(x, from);
    StridesOf(outputs[0].dims, to);
    if (outputs[0].Count() == 0) return;
    CopyAxis axes[2 * kMaxRank];
    for (size_t a = 0; a < x.Rank(); ++a) {
      axes[2 * a] = {static_cast<size_t>(repeats[a]), 0, to[a] * static_cast<ptrdiff_t>(x[a])};
      axes[2 * a + 1] = {static_cast<size_t>(x[a]), from[a], to[a]};
    }
    const StridedCopy copy(inputs[0]->data, outputs[0].data, ElementSize(outputs[0].type), axes, 2 * x.Rank());
    RunCopy(copy, context);
  }

 private:
  static Integers Repeats(const TensorList& inputs) {
    const Dims& x = inputs[0]->dims;
    const Integers repeats = ReadIntegers("Tile repeats", *inputs[1], kMaxRank);
    if (repeats.count != x.Rank()) {
      RefuseShape("Tile repeats", std::to_string(x.Rank()) + " numbers", std::to_string(repeats.count));
    }
    for (size_t a = 0; a < repeats.count; ++a) {
      if (repeats[a] < 0) RefuseShape("Tile repeats", "numbers of 0 or more", std::to_string(repeats[a]));
    }
    return repeats;
  }
};

}  // namespace

std::unique_ptr<Operator> MakeExpand(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<ExpandOperator>();
}

std::unique_ptr<Operator> MakeTile(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<TileOperator>();
}

}  // namespace gossamer
