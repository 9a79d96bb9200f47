// Linear: y = act(x * w + bias + residual) with constant w, in float32, or with factors rounded to bfloat16 (attribute
// `precision`). A w that comes at run time: runtime_linear.cc.
#include "engine/activation.h"
#include "engine/operators/runtime_linear.h"
#include "engine/operators/sparse_float.h"

namespace gossamer {
namespace {

class LinearOperator : public Operator {
 public:
  explicit LinearOperator(OperatorSpec& spec) : act_(ActivationOf(spec.attributes)) {
    const Tensor& w = *spec.Constant(1);
    const bool transposed = spec.attributes.Int("trans_b", 0) != 0;
    k_ = static_cast<size_t>(w.dims[transposed ? 1 : 0]);
    n_ = static_cast<size_t>(w.dims[transposed ? 0 : 1]);
    const WeightSourceF32 source{w.As<float>(), n_, 1, k_, transposed ? k_ : 1, 0, transposed ? 1 : n_};
    sparse_ = SparseFloat(source, 1, 0, SparseModeOf(spec.attributes));
    // Calls of few rows want the dense kernel in any case, so both forms are kept.
    if (!sparse_.Chosen() || sparse_.LeastRows() > 0) {
      weights_ = FloatWeights(source, 1, 0, 1, WantsBf16(spec.attributes, k_));
    }
    spec.released[1] = true;
    has_residual_ = spec.Has(3);
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    if (x.Rank() == 0 || static_cast<size_t>(x[x.Rank() - 1]) != k_) {
      throw EngineError{"ERR_ENGINE_SHAPE",
                        "Linear: expected rows of " + std::to_string(k_) + ", received " + x.Text()};
    }
    Dims y;
    for (size_t i = 0; i + 1 < x.Rank(); ++i) y.Append(x[i]);
    y.Append(static_cast<int64_t>(n_));
    CheckEpilogueF32("Linear", inputs, n_, y);
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const size_t rows = inputs[0]->dims.Count(0, inputs[0]->dims.Rank() - 1);
    const FloatOutput output = EpilogueF32(inputs, act_, outputs[0], n_);
    if (sparse_.Chosen() && rows >= sparse_.LeastRows()) {
      const GemmTiles tiles = sparse_.Tiles(rows, n_);
      context.Parallel(tiles.Count(), [&](size_t i) {
        sparse_.Run(0, inputs[0]->As<float>(), {nullptr, rows, 1, k_, k_}, tiles.At(i), output);
      });
      return;
    }
    const GemmTiles tiles = PlanGemmF32(rows, n_, k_, k_);
    const void* x = weights_.Prepare(inputs[0]->As<float>(), rows * k_, context);
    context.Parallel(tiles.Count(), [&](size_t i) {
      weights_.Multiply(0, x, 0, {nullptr, rows, 1, k_, k_}, tiles.At(i), output);
    });
  }

  int InPlace() const override { return has_residual_ ? 3 : -1; }
  std::string Note() const override { return sparse_.Note() + (weights_.IsBf16() ? "; bfloat16" : ""); }
  size_t PackedBytes() const override { return weights_.Bytes() + sparse_.Bytes(); }

 private:
  ActivationSpec act_;
  size_t k_, n_;
  FloatWeights weights_;
  SparseFloat sparse_;
  bool has_residual_;
};

}  // namespace

std::unique_ptr<Operator> MakeLinear(OperatorSpec& spec) {
  CheckFloatOperator("Linear", spec, 4);
  const Tensor* w = spec.Constant(1);
  if (w == nullptr) return MakeRuntimeLinear(spec);
  if (w->dims.Rank() != 2) {
    throw EngineError{"ERR_ENGINE_PROGRAM", "Linear: expected a matrix w"};
  }
  return std::make_unique<LinearOperator>(spec);
}

}  // namespace gossamer
