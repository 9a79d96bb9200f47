// Transpose: the axes of x in another order.
#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

class TransposeOperator : public Operator {
 public:
  explicit TransposeOperator(const std::vector<int64_t>& order) : order_(ReadIntegers("Transpose perm", order, kMaxRank)) {
    unsigned seen = 0;
    for (size_t i = 0; i < order_.count; ++i) {
      const int64_t axis = order_[i];
      if (axis < 0 || axis >= static_cast<int64_t>(order_.count) || (seen >> axis & 1) != 0) {
        RefuseShape("Transpose perm", "each axis once", std::to_string(axis));
      }
      seen |= 1u << axis;
    }
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& from = inputs[0]->dims;
    if (order_.count != 0 && order_.count != from.Rank()) {
      RefuseShape("Transpose perm", std::to_string(from.Rank()) + " axes", std::to_string(order_.count));
    }
    Dims dims;
    for (size_t i = 0; i < from.Rank(); ++i) dims.Append(from[Source(i, from.Rank())]);
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& to = outputs[0].dims;
    ptrdiff_t to_strides[kMaxRank];
    StridesOf(to, to_strides);
    CopyAxis axes[kMaxRank];
    for (size_t i = 0; i < to.Rank(); ++i) {
      const auto from = static_cast<ptrdiff_t>(inputs[0]->Stride(Source(i, to.Rank())));
      axes[i] = {static_cast<size_t>(to[i]), from, to_strides[i]};
    }
    RunCopy(StridedCopy(inputs[0]->data, outputs[0].data, ElementSize(outputs[0].type), axes, to.Rank()), context);
  }

  bool ReadsPitched(size_t) const override { return true; }

 private:
  // Without an order the axes are reversed.
  size_t Source(size_t i, size_t rank) const { return order_.count == 0 ? rank - 1 - i : static_cast<size_t>(order_[i]); }

  Integers order_;
};

}  // namespace

std::unique_ptr<Operator> MakeTranspose(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckSameType(spec, 0, 0);
  return std::make_unique<TransposeOperator>(spec.attributes.Ints("perm"));
}

}  // namespace gossamer
