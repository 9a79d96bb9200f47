// LayerNormGrad: the gradients of LayerNormalization with respect to its data, scale and bias.
#include <algorithm>

#include "engine/operators/arguments.h"
#include "kernels/layer_norm_grad_f32/layer_norm_grad_f32.h"
#include "kernels/reduce_f32/reduce_f32.h"

namespace gossamer {
namespace {

class LayerNormGradOperator : public Operator {
 public:
  explicit LayerNormGradOperator(int64_t axis) : axis_(axis) {}

  // dy, x, scale, mean, inv_std -> dx, dscale, dbias
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &dy = inputs[0]->dims, &x = inputs[1]->dims, &scale = inputs[2]->dims;
    if (dy != x) RefuseShape("LayerNormGrad x", dy.Text(), x.Text());
    const size_t axis = NormalAxis("LayerNormGrad", axis_, x.Rank());
    const size_t rows = x.Count(0, axis), cols = x.Count(axis, x.Rank());
    if (scale.Count() != cols) RefuseShape("LayerNormGrad scale", std::to_string(cols) + " numbers", scale.Text());
    for (size_t i : {size_t{3}, size_t{4}}) {
      const Dims& statistic = inputs[i]->dims;
      if (statistic.Count() == rows) continue;
      RefuseShape(i == 3 ? "LayerNormGrad mean" : "LayerNormGrad inv_std", std::to_string(rows) + " numbers",
                  statistic.Text());
    }
    outputs[0].dims = x;
    for (size_t i = 1; i < outputs.size(); ++i) outputs[i].dims = scale;
  }
  int InPlace() const override { return 0; }

  // Rows in blocks, by the sizes alone; what each adds to dscale and dbias is summed from the first block to the last.
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = inputs[1]->dims;
    const size_t axis = NormalAxis("LayerNormGrad", axis_, dims.Rank());
    const size_t rows = dims.Count(0, axis), cols = dims.Count(axis, dims.Rank());
    if (cols == 0) return;
    constexpr size_t kLeastRows = 16;  // the sums of a block cost as much as two rows
    const size_t block = std::max(TilesFor(rows, 2 * cols).tile, kLeastRows), blocks = (rows + block - 1) / block;
    auto* sums = static_cast<float*>(context.Scratch(std::max<size_t>(blocks, 1) * 2 * cols * sizeof(float)));
    context.Parallel(blocks, [&](size_t i) {
      const size_t first = i * block, count = std::min(block, rows - first), at = first * cols;
      float* own = sums + i * 2 * cols;
      std::fill(own, own + 2 * cols, 0.0f);
      LayerNormGradF32()({inputs[0]->As<float>() + at, inputs[1]->As<float>() + at, inputs[2]->As<float>(),
                          inputs[3]->As<float>() + first, inputs[4]->As<float>() + first, outputs[0].As<float>() + at,
                          own, own + cols},
                         count, cols);
    });
    for (size_t i = 1; i < outputs.size(); ++i) {
      ReduceColumnsF32()(Reduce::kSum, sums + (i - 1) * cols, blocks, cols, 2 * cols, outputs[i].As<float>());
    }
  }

 private:
  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeLayerNormGrad(OperatorSpec& spec) {
  CheckArity(spec, 5, 5, 3);
  for (size_t i = 0; i < 5; ++i) CheckType(spec, i, DataType::kFloat32);
  for (size_t i = 0; i < spec.outputs.size(); ++i) CheckOutputType(spec, i, DataType::kFloat32);
  return std::make_unique<LayerNormGradOperator>(spec.attributes.Int("axis", -1));
}

}  // namespace gossamer
