// BatchNormTrainNhwc: x [N, ..., C] normalised by the mean and the (biased) variance of the batch, with what is added to
// that before its activation.
#include <cmath>

#include "engine/operators/batch_norm_arguments.h"
#include "engine/operators/column_tiles.h"

namespace gossamer {
namespace {

class BatchNormTrain : public Operator {
 public:
  BatchNormTrain(const OperatorSpec& spec)
      : type_(spec.type), epsilon_(spec.attributes.Float("epsilon", 1e-5f)), epilogue_(BatchNormEpilogueOf(spec)) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    const size_t channels = ChannelRowsOf(type_, x).channels;
    CheckVector(type_ + " scale", *inputs[1], channels);
    CheckVector(type_ + " bias", *inputs[2], channels);
    const Tensor* residual = Optional(inputs, 3);
    if (residual != nullptr && residual->dims != x) RefuseShape(type_ + " residual", x.Text(), residual->dims.Text());
    outputs[0].dims = x;
    for (size_t i = 1; i < outputs.size(); ++i) outputs[i].dims = Dims{static_cast<int64_t>(channels)};
  }
  int InPlace() const override { return 0; }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const ChannelRows sizes = ChannelRowsOf(type_, inputs[0]->dims);
    const ColumnTiles tiles(sizes.rows, sizes.channels);
    const float* x = inputs[0]->As<float>();
    float* parameters = static_cast<float*>(context.Scratch(3 * tiles.Width() * sizeof(float)));
    Statistics(x, sizes, tiles, inputs, outputs, parameters, context);
    const BatchNormParameters all = {parameters, parameters + tiles.Width(), parameters + 2 * tiles.Width()};
    const Tensor* sum = Optional(inputs, 3);
    const float* residual = sum == nullptr ? nullptr : sum->As<float>();
    float* y = outputs[0].As<float>();
    tiles.ForEachAgain(context, [&](const ColumnTiles::Tile& tile) {
      const size_t c = tile.column;
      BatchNormApplyF32()(x + tile.offset, tile.matrix, {all.mean + c, all.scale + c, all.shift + c},
                          residual == nullptr ? nullptr : residual + tile.offset, epilogue_, y + tile.offset);
    });
  }

 private:
  // The outputs behind y, and the numbers that BatchNormParameters points to.
  void Statistics(const float* x, const ChannelRows& sizes, const ColumnTiles& tiles, const TensorList& inputs,
                  const std::vector<Tensor>& outputs, float* parameters, RunContext& context) const {
    const size_t partials = tiles.Partials(), channels = sizes.channels;
    double* means = static_cast<double*>(context.Scratch((2 * partials + 2 * channels) * sizeof(double)));
    double *m2s = means + partials, *mean = m2s + partials, *m2 = mean + channels;
    tiles.ForEach(context, [&](const ColumnTiles::Tile& tile) {
      ColumnMomentsF32()(x + tile.offset, tile.matrix, means + tile.partial, m2s + tile.partial);
    });
    std::fill(mean, mean + 2 * channels, 0.0);
    double merged = 0;
    tiles.ForPartials([&](size_t first, size_t rows) {
      const double own = static_cast<double>(rows), share = own / (merged + own), spread = merged * share;
      for (size_t c = 0; c < channels; ++c) {
        const double delta = means[first + c] - mean[c];
        mean[c] += delta * share;
        m2[c] += m2s[first + c] + delta * delta * spread;
      }
      merged += own;
    });
    float *shifts = parameters, *scales = shifts + tiles.Width(), *biases = scales + tiles.Width();
    const float *scale = inputs[1]->As<float>(), *bias = inputs[2]->As<float>();
    for (size_t c = 0; c < channels; ++c) {
      // Rounding may leave a little below 0.
      const double variance = sizes.rows == 0 || m2[c] < 0 ? 0 : m2[c] / static_cast<double>(sizes.rows);
      const double reciprocal = 1 / std::sqrt(variance + static_cast<double>(epsilon_));
      // What float32 loses of the mean goes into the bias.
      shifts[c] = static_cast<float>(mean[c]);
      scales[c] = static_cast<float>(scale[c] * reciprocal);
      biases[c] = static_cast<float>(bias[c] - (mean[c] - shifts[c]) * scales[c]);
      const double results[] = {mean[c], variance, reciprocal};
      for (size_t i = 1; i < outputs.size(); ++i) outputs[i].As<float>()[c] = static_cast<float>(results[i - 1]);
    }
    for (float* values : {shifts, scales, biases}) tiles.Repeat(values);
  }

  std::string type_;
  float epsilon_;
  BatchNormEpilogue epilogue_;
};

}  // namespace

std::unique_ptr<Operator> MakeBatchNormTrain(OperatorSpec& spec) {
  CheckArity(spec, 3, 4, 4);
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (spec.Has(i)) CheckType(spec, i, DataType::kFloat32);
  }
  for (size_t i = 0; i < spec.outputs.size(); ++i) CheckOutputType(spec, i, DataType::kFloat32);
  return std::make_unique<BatchNormTrain>(spec);
}

}  // namespace gossamer
