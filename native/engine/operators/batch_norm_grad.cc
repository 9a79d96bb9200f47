// BatchNormGradNhwc: the gradient of BatchNormTrainNhwc. With g = dy where the activation passed it on, n rows and
// xhat = (x - mean) * inv_std: dbias = sum(g), dscale = sum(g * xhat), and
//   dx = scale * inv_std * (g - dbias / n - xhat * dscale / n).
// Source: Ioffe, Szegedy: Batch Normalization, 2015 (arXiv:1502.03167), section 3.
#include "engine/operators/batch_norm_arguments.h"
#include "engine/operators/column_tiles.h"

namespace gossamer {
namespace {

enum Input : size_t { kDy, kX, kScale, kMean, kInvStd, kY };

class BatchNormGrad : public Operator {
 public:
  BatchNormGrad(const OperatorSpec& spec) : type_(spec.type), epilogue_(BatchNormEpilogueOf(spec)) {
    if (epilogue_.kind != BatchNormActivation::kNone && !spec.Has(kY)) {
      RefuseProgram(type_, "input y, from which the activation's mask comes", "none");
    }
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[kX]->dims;
    const size_t channels = ChannelRowsOf(type_, x).channels;
    CheckSame("dy", *inputs[kDy], x);
    if (epilogue_.kind != BatchNormActivation::kNone) CheckSame("y", *inputs[kY], x);
    CheckVector(type_ + " scale", *inputs[kScale], channels);
    CheckVector(type_ + " mean", *inputs[kMean], channels);
    CheckVector(type_ + " inv_std", *inputs[kInvStd], channels);
    outputs[0].dims = x;
    for (size_t i = 1; i < outputs.size(); ++i) outputs[i].dims = Dims{static_cast<int64_t>(channels)};
  }
  int InPlace() const override { return kDy; }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const ChannelRows sizes = ChannelRowsOf(type_, inputs[kX]->dims);
    const ColumnTiles tiles(sizes.rows, sizes.channels);
    const size_t width = tiles.Width();
    float* mean = static_cast<float*>(context.Scratch(4 * width * sizeof(float)));
    float *scale = mean + width, *slope = scale + width, *shift = slope + width;
    std::copy_n(inputs[kMean]->As<float>(), sizes.channels, mean);
    tiles.Repeat(mean);
    const double* sums = Sums(inputs, sizes.channels, tiles, mean, context);
    const double* products = sums + sizes.channels;
    for (size_t c = 0; c < sizes.channels; ++c) {
      const double inv_std = inputs[kInvStd]->As<float>()[c], n = static_cast<double>(sizes.rows);
      const double factor = inputs[kScale]->As<float>()[c] * inv_std;
      scale[c] = static_cast<float>(factor);
      slope[c] = static_cast<float>(-factor * inv_std * inv_std * products[c] / n);
      shift[c] = static_cast<float>(-factor * sums[c] / n);
      const double results[] = {products[c] * inv_std, sums[c]};
      for (size_t i = 1; i < outputs.size(); ++i) outputs[i].As<float>()[c] = static_cast<float>(results[i - 1]);
    }
    for (float* values : {scale, slope, shift}) tiles.Repeat(values);
    float* dx = outputs[0].As<float>();
    tiles.ForEachAgain(context, [&](const ColumnTiles::Tile& tile) {
      const size_t c = tile.column;
      BatchNormGradApplyF32()(From(inputs, tile.offset), tile.matrix, {mean + c, scale + c, slope + c, shift + c},
                              dx + tile.offset);
    });
  }

 private:
  void CheckSame(const char* name, const Tensor& tensor, const Dims& x) const {
    if (tensor.dims != x) RefuseShape(type_ + " " + name, x.Text(), tensor.dims.Text());
  }

  BatchNormGradInputs From(const TensorList& inputs, size_t offset) const {
    const Tensor* y = epilogue_.kind == BatchNormActivation::kNone ? inputs[kDy] : inputs[kY];
    return {inputs[kDy]->As<float>() + offset, inputs[kX]->As<float>() + offset, y->As<float>() + offset, epilogue_};
  }

  // sum(g) of each channel, then sum(g * (x - mean)) of each.
  const double* Sums(const TensorList& inputs, size_t channels, const ColumnTiles& tiles, const float* mean,
                     RunContext& context) const {
    const size_t partials = tiles.Partials();
    double* sums = static_cast<double*>(context.Scratch((2 * partials + 2 * channels) * sizeof(double)));
    double *products = sums + partials, *all = products + partials;
    tiles.ForEach(context, [&](const ColumnTiles::Tile& tile) {
      BatchNormGradSumsF32()(From(inputs, tile.offset), tile.matrix, mean + tile.column, sums + tile.partial,
                             products + tile.partial);
    });
    std::fill(all, all + 2 * channels, 0.0);
    tiles.ForPartials([&](size_t first, size_t) {
      for (size_t c = 0; c < channels; ++c) {
        all[c] += sums[first + c];
        all[channels + c] += products[first + c];
      }
    });
    return all;
  }

  std::string type_;
  BatchNormEpilogue epilogue_;
};

}  // namespace

std::unique_ptr<Operator> MakeBatchNormGrad(OperatorSpec& spec) {
  CheckArity(spec, 5, 6, 3);
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (spec.Has(i)) CheckType(spec, i, DataType::kFloat32);
  }
  for (size_t i = 0; i < spec.outputs.size(); ++i) CheckOutputType(spec, i, DataType::kFloat32);
  return std::make_unique<BatchNormGrad>(spec);
}

}  // namespace gossamer
