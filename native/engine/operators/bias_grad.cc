// BiasGrad: the sum of dy over all axes but one, in float64 over pieces in float32.
#include "engine/operators/axis.h"
#include "engine/operators/column_tiles.h"
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
    if (view.inner == 1) return Columns(dy, view, outputs[0].As<float>(), context);
    Rows(dy, view, outputs[0].As<float>(), context);
  }

 private:
  static void Columns(const float* dy, const AxisView& view, float* db, RunContext& context) {
    const ColumnTiles tiles(view.outer, view.size);
    double* partials = static_cast<double*>(context.Scratch((tiles.Partials() + view.size) * sizeof(double)));
    double* sums = partials + tiles.Partials();
    tiles.ForEach(context, [&](const ColumnTiles::Tile& tile) {
      ColumnSumsF32()(dy + tile.offset, tile.matrix, partials + tile.partial);
    });
    std::fill(sums, sums + view.size, 0.0);
    tiles.ForPartials([&](size_t first, size_t) {
      for (size_t c = 0; c < view.size; ++c) sums[c] += partials[first + c];
    });
    std::copy(sums, sums + view.size, db);
  }

  // Each channel of each outer position is a row.
  static void Rows(const float* dy, const AxisView& view, float* db, RunContext& context) {
    constexpr size_t kPiece = 4096;  // elements whose sum is in float32
    const size_t rows = view.outer * view.size;
    double* sums = static_cast<double*>(context.Scratch(rows * sizeof(double)));
    ForTiles(context, rows, view.inner, [&](size_t first, size_t end) {
      for (size_t r = first; r < end; ++r) {
        sums[r] = 0;
        for (size_t i = 0; i < view.inner; i += kPiece) {
          float sum = 0;
          ReduceRowsF32()(Reduce::kSum, dy + r * view.inner + i, 1, std::min(kPiece, view.inner - i), 0, &sum);
          sums[r] += static_cast<double>(sum);
        }
      }
    });
    for (size_t c = 0; c < view.size; ++c) {
      double sum = 0;
      for (size_t o = 0; o < view.outer; ++o) sum += sums[o * view.size + c];
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
