// Shape and Size.
#include <algorithm>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

class ShapeOperator : public Operator {
 public:
  ShapeOperator(int64_t start, int64_t end) : start_(start), end_(end) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const int64_t rank = static_cast<int64_t>(inputs[0]->dims.Rank());
    outputs[0].dims = Dims{std::max<int64_t>(Place(end_, rank) - Place(start_, rank), 0)};
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext&) const override {
    const Dims& dims = inputs[0]->dims;
    const size_t first = static_cast<size_t>(Place(start_, static_cast<int64_t>(dims.Rank())));
    for (size_t i = 0; i < outputs[0].Count(); ++i) outputs[0].As<int64_t>()[i] = dims[first + i];
  }
  bool ReadsPitched(size_t) const override { return true; }

 private:
  static int64_t Place(int64_t axis, int64_t rank) {
    return std::min(std::max<int64_t>(axis < 0 ? axis + rank : axis, 0), rank);
  }
  int64_t start_, end_;
};

class SizeOperator : public Operator {
 public:
  void Shape(const TensorList&, std::vector<Tensor>& outputs) const override { outputs[0].dims = Dims(); }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext&) const override {
    *outputs[0].As<int64_t>() = static_cast<int64_t>(inputs[0]->Count());
  }
  bool ReadsPitched(size_t) const override { return true; }
};

}  // namespace

std::unique_ptr<Operator> MakeShape(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckOutputType(spec, 0, DataType::kInt64);
  return std::make_unique<ShapeOperator>(spec.attributes.Int("start", 0), spec.attributes.Int("end", kMaxRank));
}

std::unique_ptr<Operator> MakeSize(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckOutputType(spec, 0, DataType::kInt64);
  return std::make_unique<SizeOperator>();
}

}  // namespace gossamer
