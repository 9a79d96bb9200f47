// ConvNhwc: convolution over NHWC in float32 (or with factors rounded to bfloat16: attribute `precision`), without
// im2col. Three ways, by the geometry:
//   1x1 without stride and pads: a matrix product;
//   kernel rows: where no pixel of a kernel row is left out (no dilation along W) and none lies outside of the image, a
//     piece is a whole kernel row of kW * C numbers; with pads that takes a padded copy, made where channels are few;
//   kernel positions: a piece has the channels of one; those outside of the image read a row of zeros behind the input.
// A group is a convolution of its own over some of the channels; where each is one channel to one, depthwise_f32 has
// them all at once.
#include <algorithm>
#include <cstring>

#include "engine/activation.h"
#include "engine/operators/convolution.h"
#include "engine/operators/float_weights.h"
#include "engine/operators/sparse_float.h"
#include "kernels/depthwise_f32/depthwise_f32.h"

namespace gossamer {
namespace {

constexpr size_t kFewChannels = 4;

// The offsets of one tile; kept by each thread between tiles.
int32_t* TileOffsets(size_t count) {
  static thread_local std::vector<int32_t> offsets;
  if (offsets.size() < count) offsets.resize(count);
  return offsets.data();
}

class ConvNhwcOperator : public Operator {
 public:
  explicit ConvNhwcOperator(OperatorSpec& spec)
      : conv_(ConvAttributesOf("ConvNhwc", spec.attributes, spec.Constant(1)->dims)),
        act_(ActivationOf(spec.attributes)),
        has_residual_(spec.Has(3)) {
    const size_t taps = conv_.Taps(), channels = conv_.group_channels, outputs = conv_.outputs / conv_.group;
    const size_t of_output = channels * taps;
    const float* w = spec.Constant(1)->As<float>();
    depthwise_ = conv_.group > 1 && channels == 1 && outputs == 1;
    by_rows_ = conv_.dilation[1] == 1 && conv_.group == 1 && (!conv_.Padded() || channels <= kFewChannels);
    matrix_ = conv_.IsMatrix();
    const bool bf16 = WantsBf16(spec.attributes, by_rows_ ? channels * conv_.kernel[1] : channels);
    if (depthwise_) {
      PackDepthwise(w);
    } else {
      const WeightSourceF32 source{w, outputs, taps, channels, of_output, 1, taps};
      sparse_ = SparseFloat(source, conv_.group, outputs * of_output, SparseModeOf(spec.attributes));
      if (!sparse_.Chosen()) weights_ = FloatWeights(source, conv_.group, outputs * of_output, 1, bf16);
    }
    spec.released[1] = true;
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const ConvGeometry geometry = ConvGeometryOf("ConvNhwc", conv_, inputs[0]->dims);
    const Dims y = ConvOutputDims(conv_, geometry.batch, geometry.out);
    CheckEpilogueF32("ConvNhwc", inputs, conv_.outputs, y);
    if (by_rows_ && conv_.Padded()) PaddedGeometry("ConvNhwc", conv_, geometry);
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    ConvGeometry geometry = ConvGeometryOf("ConvNhwc", conv_, inputs[0]->dims);
    const float* x = inputs[0]->As<float>();
    int32_t zero_row = 0;
    size_t piece = conv_.group_channels;
    if (by_rows_) {
      if (conv_.Padded()) {
        const ConvGeometry padded = PaddedGeometry("ConvNhwc", conv_, geometry);
        x = CopyPadded(geometry, padded, x, 0.0f, context);
        geometry = padded;
      }
      geometry.kernel[1] = 1;
      piece *= conv_.kernel[1];
    } else if (conv_.Padded()) {
      zero_row = static_cast<int32_t>(geometry.InputCount());
      std::memset(inputs[0]->As<float>() + zero_row, 0, geometry.channels * sizeof(float));
    }

    const size_t pixels = geometry.Pixels(), taps = geometry.Taps();
    // A pixel's own share of the input: kernels overlap.
    const size_t own = std::min(conv_.stride[0] * conv_.stride[1], conv_.Taps()) * geometry.channels;
    if (depthwise_) {
      RunDepthwise(x, geometry, zero_row, own, EpilogueF32(inputs, act_, outputs[0], conv_.outputs), context);
      return;
    }
    const size_t columns = conv_.outputs / conv_.group;
    const bool sparse = sparse_.Chosen();
    const GemmTiles tiles = sparse ? sparse_.Tiles(pixels, columns) : PlanGemmF32(pixels, columns, weights_.K(), own);
    const size_t zeros = !by_rows_ && conv_.Padded() ? geometry.channels : 0;
    const void* prepared = sparse ? x : weights_.Prepare(x, geometry.InputCount() + zeros, context);
    const auto product = [&](size_t group, const ActivationRows& rows, const GemmTile& tile, const FloatOutput& to) {
      const size_t from = group * conv_.group_channels;
      if (sparse) {
        sparse_.Run(group, x + from, rows, tile, to);
      } else {
        weights_.Multiply(group, prepared, from, rows, tile, to);
      }
    };
    const FloatOutput all = EpilogueF32(inputs, act_, outputs[0], conv_.outputs);
    context.Parallel(conv_.group * tiles.Count(), [&](size_t i) {
      const size_t group = i % conv_.group;
      const GemmTile tile = tiles.At(i / conv_.group);
      FloatOutput output = all;
      output.y += group * columns;
      if (output.bias != nullptr) output.bias += group * columns;
      if (output.residual != nullptr) output.residual += group * columns;
      if (matrix_) {
        const ActivationRows rows{nullptr, pixels, 1, piece, geometry.channels};
        product(group, rows, tile, output);
        return;
      }
      const size_t count = tile.m1 - tile.m0;
      int32_t* offsets = TileOffsets(taps * count);
      FillOffsets(geometry, tile.m0, tile.m1, zero_row, offsets);
      output.y += tile.m0 * output.y_stride;
      if (output.residual != nullptr) output.residual += tile.m0 * output.residual_stride;
      product(group, {offsets, count, taps, piece, 0}, {0, count, tile.n0, tile.n1}, output);
    });
  }

  int InPlace() const override { return has_residual_ ? 3 : -1; }
  size_t WritesSlack(size_t input) const override {
    return input == 0 && !by_rows_ && conv_.Padded() ? conv_.Channels() * sizeof(float) : 0;
  }
  std::string Note() const override {
    if (depthwise_) return "depthwise";
    const char* way = matrix_ ? "1x1 as a matrix product" : by_rows_ ? "by kernel rows" : "by kernel positions";
    return sparse_.Note() + "; " + way + (weights_.IsBf16() ? ", bfloat16" : "");
  }
  size_t PackedBytes() const override { return weights_.Bytes() + sparse_.Bytes() + depthwise_bytes_; }

 private:
  void PackDepthwise(const float* w) {
    const size_t taps = conv_.Taps(), stride = DepthwiseStrideF32(conv_.group);
    depthwise_bytes_ = taps * stride * sizeof(float);
    depthwise_weights_ = NewBuffer(depthwise_bytes_);
    auto* packed = static_cast<float*>(depthwise_weights_.get());
    for (size_t t = 0; t < taps; ++t) {
      for (size_t c = 0; c < stride; ++c) packed[t * stride + c] = c < conv_.group ? w[c * taps + t] : 0;
    }
  }

  void RunDepthwise(const float* x, const ConvGeometry& geometry, int32_t zero_row, size_t own, const FloatOutput& all,
                    RunContext& context) const {
    constexpr size_t kProducts = 1 << 20;      // in 50 microseconds
    constexpr size_t kCacheFloats = 64 << 10;  // in and out of a block
    const size_t pixels = geometry.Pixels(), taps = conv_.Taps(), channels = geometry.channels;
    const size_t block = std::max<size_t>(8, std::min(kProducts / (taps * channels), kCacheFloats / (own + channels)));
    context.Parallel((pixels + block - 1) / block, [&](size_t i) {
      const size_t m0 = i * block, count = std::min(pixels - m0, block);
      int32_t* offsets = TileOffsets(taps * count);
      FillOffsets(geometry, m0, m0 + count, zero_row, offsets);
      FloatOutput output = all;
      output.y += m0 * output.y_stride;
      if (output.residual != nullptr) output.residual += m0 * output.residual_stride;
      DepthwiseF32()(x, {offsets, count, taps, channels, 0}, 0, count, static_cast<float*>(depthwise_weights_.get()),
                     output);
    });
  }

  ConvAttributes conv_;
  ActivationSpec act_;
  FloatWeights weights_;
  SparseFloat sparse_;
  Buffer depthwise_weights_;
  size_t depthwise_bytes_ = 0;
  bool has_residual_, by_rows_, matrix_, depthwise_;
};

}  // namespace

std::unique_ptr<Operator> MakeConvNhwc(OperatorSpec& spec) {
  CheckFloatOperator("ConvNhwc", spec, 4);
  if (spec.Constant(1) == nullptr) throw EngineError{"ERR_ENGINE_PROGRAM", "ConvNhwc: expected a constant w"};
  return std::make_unique<ConvNhwcOperator>(spec);
}

}  // namespace gossamer
