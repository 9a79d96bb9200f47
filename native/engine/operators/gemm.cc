// Gemm: y = alpha * a' * b' + beta * c (ONNX Gemm, float32), a' and b' transposed or not, c broadcast to y. A constant
// b is packed once.
#include <algorithm>

#include "engine/operators/arguments.h"
#include "engine/operators/runtime_product.h"

namespace gossamer {
namespace {

class GemmOperator : public Operator {
 public:
  explicit GemmOperator(OperatorSpec& spec)
      : trans_a_(spec.attributes.Int("transA", 0) != 0),
        trans_b_(spec.attributes.Int("transB", 0) != 0),
        alpha_(spec.attributes.Float("alpha", 1)),
        beta_(spec.attributes.Float("beta", 1)) {
    const Tensor* b = spec.Constant(1);
    if (b == nullptr || b->dims.Rank() != 2 || trans_a_) return;
    const auto rows = static_cast<size_t>(b->dims[0]), columns = static_cast<size_t>(b->dims[1]);
    const size_t k = trans_b_ ? columns : rows, n = trans_b_ ? rows : columns;
    weights_ = FloatWeights({b->As<float>(), n, 1, k, trans_b_ ? k : 1, 0, trans_b_ ? 1 : n}, 1, 0, alpha_);
    packed_ = true;
    spec.released[1] = true;
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &a = inputs[0]->dims, &b = inputs[1]->dims;
    if (a.Rank() != 2 || b.Rank() != 2 || a[trans_a_ ? 0 : 1] != b[trans_b_ ? 1 : 0]) {
      RefuseShape("Gemm", "matrices that fit each other", a.Text() + " and " + b.Text());
    }
    const Dims y{a[trans_a_ ? 1 : 0], b[trans_b_ ? 0 : 1]};
    const Tensor* c = Optional(inputs, 2);
    bool fits = c == nullptr || c->dims.Rank() <= 2;
    for (size_t axis = 0; fits && c != nullptr && axis < c->dims.Rank(); ++axis) {
      const int64_t size = c->dims[axis];
      fits = size == 1 || size == y[2 - c->dims.Rank() + axis];
    }
    if (!fits) RefuseShape("Gemm C", "what broadcasts to " + y.Text(), c->dims.Text());
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const auto m = static_cast<size_t>(outputs[0].dims[0]), n = static_cast<size_t>(outputs[0].dims[1]);
    const auto k = static_cast<size_t>(inputs[0]->dims[trans_a_ ? 0 : 1]);
    const float *a = inputs[0]->As<float>(), *b = inputs[1]->As<float>();
    const Tensor* c = Optional(inputs, 2);
    float* y = outputs[0].As<float>();
    // c as a bias, as a residual as it is, or as a residual that is put into y first.
    const bool scaled = c != nullptr && beta_ != 1;
    const bool one_row = c != nullptr && (c->dims.Rank() < 2 || c->dims[0] == 1);
    const bool as_bias = c != nullptr && !scaled && one_row && c->Count() == n;
    const bool as_residual = c != nullptr && !scaled && !as_bias && c->Count() == m * n;
    const bool through_y = c != nullptr && !as_bias && !as_residual;
    const FloatOutput output{as_bias ? c->As<float>() : nullptr,
                             as_residual ? c->As<float>() : through_y ? y : nullptr,
                             n,
                             {Activation::kNone, 0, 0},
                             y,
                             n};
    if (!packed_) {
      const MatMulF32 product{m, n, k, a, trans_a_ ? 1 : k, trans_a_ ? m : 1, b, trans_b_ ? 1 : n, trans_b_ ? k : 1,
                              alpha_};
      const auto none = [](size_t) { return size_t{0}; };
      const auto broadcast = [&](size_t, const GemmTile& tile) {
        if (through_y) Broadcast(*c, tile, n, y);
      };
      RunProducts({product, 1, 1, 0, none, none}, [&](size_t) { return output; }, broadcast, context);
      return;
    }
    const GemmTiles tiles = PlanGemmF32(m, n, k, k);
    context.Parallel(tiles.Count(), [&](size_t i) {
      const GemmTile tile = tiles.At(i);
      if (through_y) Broadcast(*c, tile, n, y);
      weights_.Multiply(0, a, 0, {nullptr, m, 1, k, k}, tile, output);
    });
  }

  size_t PackedBytes() const override { return packed_ ? weights_.Bytes() : 0; }

 private:
  // beta * c to a tile of y.
  void Broadcast(const Tensor& c, const GemmTile& tile, size_t n, float* y) const {
    const size_t rank = c.dims.Rank();
    const bool rows = rank == 2 && c.dims[0] != 1, columns = rank >= 1 && c.dims[rank - 1] != 1;
    for (size_t i = tile.m0; i < tile.m1; ++i) {
      const float* row = c.As<float>() + (rows ? i * (columns ? n : 1) : 0);
      for (size_t j = tile.n0; j < tile.n1; ++j) y[i * n + j] = beta_ * row[columns ? j : 0];
    }
  }

  bool trans_a_, trans_b_, packed_ = false;
  float alpha_, beta_;
  FloatWeights weights_;
};

}  // namespace

std::unique_ptr<Operator> MakeGemm(OperatorSpec& spec) {
  CheckFloatOperator("Gemm", spec, 3);
  return std::make_unique<GemmOperator>(spec);
}

}  // namespace gossamer
