// BiasGrad: the sum of dy over all axes but one, in float64 over pieces in float32.
#include <algorithm>

#include "engine/operators/axis.h"
#include "engine/operators/column_sums.h"
#include "kernels/reduce_f32/reduce_f32.h"

namespace gossamer {
namespace {

class BiasGrad : public Operator {
 public:
  explicit BiasGrad(int64_t axis) : axis_(axis) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& dy = inputs[0]->dims;
    outputs[0].dims = Dims{dy[NormalAxis("BiasGrad", axis_, dy.Rank())]};
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const AxisView view = ViewAxis("BiasGrad", inputs[0]->dims, axis_);
    const float* dy = inputs[0]->As<float>();
    if (view.inner == 1) return SumColumns(dy, view.outer, view.size, outputs[0].As<float>(), context);
    Rows(dy, view, outputs[0].As<float>(), context);
  }

 private:
  // Each channel of each outer position is some rows: as many elements of it as are summed in float32, then what is left.
  static void Rows(const float* dy, const AxisView& view, float* db, RunContext& context) {
    constexpr size_t kPiece = 4096;
    const size_t channels = view.outer * view.size, whole = view.inner / kPiece, left = view.inner % kPiece;
    const size_t pieces = whole + (left > 0 ? 1 : 0);
    float* sums = static_cast<float*>(context.Scratch(channels * pieces * sizeof(float)));
    ForTiles(context, channels, view.inner, [&](size_t first, size_t end) {
      if (pieces == 1) {
        ReduceRowsF32()(Reduce::kSum, dy + first * view.inner, end - first, view.inner, view.inner, sums + first);
        return;
      }
      for (size_t c = first; c < end; ++c) {
        const float* from = dy + c * view.inner;
        float* to = sums + c * pieces;
        ReduceRowsF32()(Reduce::kSum, from, whole, kPiece, kPiece, to);
        if (left > 0) ReduceRowsF32()(Reduce::kSum, from + whole * kPiece, 1, left, left, to + whole);
      }
    });
    for (size_t c = 0; c < view.size; ++c) {
      double sum = 0;
      for (size_t o = 0; o < view.outer; ++o) {
        const float* from = sums + (o * view.size + c) * pieces;
        for (size_t i = 0; i < pieces; ++i) sum += static_cast<double>(from[i]);
      }
      db[c] = static_cast<float>(sum);
    }
  }

  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeBiasGrad(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckType(spec, 0, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  return std::make_unique<BiasGrad>(spec.attributes.Int("axis", 1));
}

}  // namespace gossamer
