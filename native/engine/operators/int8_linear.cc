// Int8Linear: y = x w in 8-bit integers, x [..., K], w constant. docs/engine.md has its inputs and attributes.
#include <memory>

#include "engine/operators/int8_results.h"
#include "engine/operators/int8_rows.h"
#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

struct Weights {
  std::vector<int8_t> data;  // [N][K]
  size_t outputs, depth;
};

Weights ReadWeights(const OperatorSpec& spec) {
  std::vector<int8_t> data = Int8WeightElements(spec);
  const Dims& dims = spec.Constant(kInt8W)->dims;
  if (dims.Rank() != 2)
    RefuseInt8(spec.type, "ERR_ENGINE_SHAPE", "w: expected two dimensions, received " + dims.Text());
  const size_t first = static_cast<size_t>(dims[0]), second = static_cast<size_t>(dims[1]);
  if (spec.attributes.Int("trans_b", 0) != 0) return {std::move(data), first, second};
  std::vector<int8_t> turned(data.size());
  TransposeMatrix(reinterpret_cast<const uint8_t*>(data.data()), first, second,
                  reinterpret_cast<uint8_t*>(turned.data()), nullptr);
  return {std::move(turned), second, first};
}

class Int8LinearOperator : public Operator {
 public:
  Int8LinearOperator(const OperatorSpec& spec, const Weights& w)
      : outputs_(w.outputs),
        depth_(w.depth),
        results_(spec, w.data.data(), w.outputs, w.depth),
        weights_(PackInt8({w.data.data(), w.outputs, 1, w.depth}, SparseModeOf(spec.attributes))) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[kInt8X]->dims;
    if (x.Rank() == 0 || static_cast<size_t>(x[x.Rank() - 1]) != depth_) {
      RefuseInt8("Int8Linear", "ERR_ENGINE_SHAPE",
                 "x: expected [..., " + std::to_string(depth_) + "], received " + x.Text());
    }
    Dims y;
    for (size_t axis = 0; axis + 1 < x.Rank(); ++axis) y.Append(x[axis]);
    y.Append(static_cast<int64_t>(outputs_));
    outputs[0].dims = y;
    results_.Check(inputs, outputs[0]);
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& x = inputs[kInt8X]->dims;
    const ActivationRows rows{nullptr, x.Count(0, x.Rank() - 1), 1, depth_, depth_};
    RunInt8Rows(*weights_, outputs_, depth_, inputs[kInt8X]->As<uint8_t>(), rows, depth_,
                results_.Prepare(inputs, outputs[0], context), results_.NeedsRowSums(), context);
  }

  bool ReadsOnlyElements(size_t input) const override { return input == kInt8X && weights_->ReadsOnlyElements(); }
  std::string Note() const override { return weights_->Note(); }
  size_t PackedBytes() const override { return weights_->Bytes(); }

 private:
  size_t outputs_, depth_;
  Int8Results results_;
  std::unique_ptr<PackedInt8> weights_;
};

}  // namespace

std::unique_ptr<Operator> MakeInt8Linear(OperatorSpec& spec) {
  auto made = std::make_unique<Int8LinearOperator>(spec, ReadWeights(spec));
  spec.released[kInt8W] = true;
  return made;
}

}  // namespace gossamer
