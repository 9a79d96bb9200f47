// Linear with a w that comes at run time: y = act(x * w + bias + residual), as a training step has it.
#include "engine/operators/runtime_linear.h"

#include "engine/activation.h"
#include "engine/operators/arguments.h"
#include "engine/operators/runtime_product.h"

namespace gossamer {
namespace {

class RuntimeLinearOperator : public Operator {
 public:
  explicit RuntimeLinearOperator(const OperatorSpec& spec)
      : act_(ActivationOf(spec.attributes)),
        transposed_(spec.attributes.Int("trans_b", 0) != 0),
        has_residual_(spec.Has(3)) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &x = inputs[0]->dims, &w = inputs[1]->dims;
    if (w.Rank() != 2) RefuseShape("Linear w", "a matrix", w.Text());
    const int64_t k = w[transposed_ ? 1 : 0], n = w[transposed_ ? 0 : 1];
    if (x.Rank() == 0 || x[x.Rank() - 1] != k) RefuseShape("Linear", "rows of " + std::to_string(k), x.Text());
    Dims y;
    for (size_t i = 0; i + 1 < x.Rank(); ++i) y.Append(x[i]);
    y.Append(n);
    CheckEpilogueF32("Linear", inputs, static_cast<size_t>(n), y);
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims &x = inputs[0]->dims, &w = inputs[1]->dims;
    const auto k = static_cast<size_t>(w[transposed_ ? 1 : 0]), n = static_cast<size_t>(w[transposed_ ? 0 : 1]);
    const size_t rows = x.Count(0, x.Rank() - 1), w_row = transposed_ ? 1 : n, w_column = transposed_ ? k : 1;
    const MatMulF32 product{rows, n, k, inputs[0]->As<float>(), k, 1, inputs[1]->As<float>(), w_row, w_column, 1};
    const FloatOutput output = EpilogueF32(inputs, act_, outputs[0], n);
    const auto only = [](size_t) -> size_t { return 0; };
    RunProducts({product, 1, 1, k * n, only, only}, [&](size_t) { return output; }, nullptr, context);
  }

  int InPlace() const override { return has_residual_ ? 3 : -1; }

 private:
  ActivationSpec act_;
  bool transposed_, has_residual_;
};

}  // namespace

std::unique_ptr<Operator> MakeRuntimeLinear(const OperatorSpec& spec) {
  return std::make_unique<RuntimeLinearOperator>(spec);
}

}  // namespace gossamer
