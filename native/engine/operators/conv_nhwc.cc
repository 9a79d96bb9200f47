// ConvNhwc: convolution over NHWC in float32 (or with factors rounded to bfloat16: attribute `precision`), without
// im2col. Three ways, by the geometry:
//   1x1 without stride and pads: a matrix product;
//   kernel rows: where no pixel of a kernel row is left out (no dilation along W) and none lies outside of the image, a
//     piece is a whole kernel row of kW * C numbers; with pads that takes a padded copy of what lies under a tile (of
//     all for sparse weights and bfloat16), made where channels are few;
//   kernel positions: a piece has the channels of one; those outside of the image read a row of zeros behind the input.
// A group is a convolution of its own over some of the channels; where each is one channel to one, depthwise_f32 has
// them all at once.
#include <algorithm>
#include <cstring>
#include <numeric>

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

// Channels whose row of zeros fits behind an input where w, and so their number, is only known in a run; with more of
// them the pads are copied.
constexpr size_t kSlackChannels = 2048;

// A convolution and the way that it goes.
struct Layer {
  ConvAttributes conv;
  bool depthwise, by_rows, copies_pads, pads_tiles;

  Layer() = default;
  Layer(const Attributes& attributes, const Dims& w, size_t most_channels)
      : conv(ConvAttributesOf("ConvNhwc", attributes, w)) {
    depthwise = conv.group > 1 && conv.group_channels == 1 && conv.outputs == conv.group;
    by_rows = conv.dilation[1] == 1 && conv.group == 1 && (!conv.Padded() || conv.group_channels <= kFewChannels);
    copies_pads = conv.Padded() && (by_rows || conv.Channels() > most_channels);
    pads_tiles = false;
  }
  // By kernel rows, each tile over a copy of what lies under it: where channels are too few for a position of its own.
  void PadTiles() {
    constexpr size_t kMostChannels = 64;
    pads_tiles = conv.Padded() && conv.dilation[1] == 1 && conv.group == 1 && conv.kernel[1] > 1 &&
                 conv.group_channels <= kMostChannels;
    by_rows = by_rows || pads_tiles;
    copies_pads = copies_pads && !pads_tiles;
  }
  bool ReadsZeroRow() const { return conv.Padded() && !copies_pads && !pads_tiles; }
};

size_t DepthwiseCount(const ConvAttributes& conv) { return conv.Taps() * DepthwiseStrideF32(conv.group); }

void PackDepthwise(const ConvAttributes& conv, const float* w, float* packed) {
  const size_t taps = conv.Taps(), stride = DepthwiseStrideF32(conv.group);
  for (size_t t = 0; t < taps; ++t) {
    for (size_t c = 0; c < stride; ++c) packed[t * stride + c] = c < conv.group ? w[c * taps + t] : 0;
  }
}

class ConvNhwcOperator : public Operator {
 public:
  explicit ConvNhwcOperator(OperatorSpec& spec)
      : attributes_(spec.attributes), act_(ActivationOf(spec.attributes)), has_residual_(spec.Has(3)) {
    const Tensor* constant = spec.Constant(1);
    if (constant == nullptr) {
      for (int64_t pad : attributes_.Ints("pads")) slack_ = pad != 0 ? kSlackChannels * sizeof(float) : slack_;
      return;
    }
    layer_ = Layer(attributes_, constant->dims, SIZE_MAX);
    is_constant_ = true;
    const ConvAttributes& conv = layer_.conv;
    const size_t taps = conv.Taps(), channels = conv.group_channels, outputs = conv.outputs / conv.group;
    const size_t of_output = channels * taps;
    const float* w = constant->As<float>();
    const bool bf16 = WantsBf16(spec.attributes, layer_.by_rows ? channels * conv.kernel[1] : channels);
    if (layer_.depthwise) {
      depthwise_weights_ = NewBuffer(DepthwiseCount(conv) * sizeof(float));
      PackDepthwise(conv, w, static_cast<float*>(depthwise_weights_.get()));
    } else {
      const WeightSourceF32 source{w, outputs, taps, channels, of_output, 1, taps};
      sparse_ = SparseFloat(source, conv.group, outputs * of_output, SparseModeOf(spec.attributes));
      if (!sparse_.Chosen()) weights_ = FloatWeights(source, conv.group, outputs * of_output, 1, bf16);
    }
    if (!sparse_.Chosen() && !weights_.IsBf16()) layer_.PadTiles();
    if (layer_.ReadsZeroRow()) slack_ = conv.Channels() * sizeof(float);
    spec.released[1] = true;
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Layer layer = LayerOf(inputs);
    const ConvGeometry geometry = ConvGeometryOf("ConvNhwc", layer.conv, inputs[0]->dims);
    const Dims y = ConvOutputDims(layer.conv, geometry.batch, geometry.out);
    CheckEpilogueF32("ConvNhwc", inputs, layer.conv.outputs, y);
    if (layer.copies_pads || layer.pads_tiles) PaddedGeometry("ConvNhwc", layer.conv, geometry);
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const FloatOutput output = EpilogueF32(inputs, act_, outputs[0], LayerOf(inputs).conv.outputs);
    if (is_constant_) {
      RunLayer(layer_, weights_, static_cast<float*>(depthwise_weights_.get()), *inputs[0], output, context);
      return;
    }
    const Layer layer = LayerOf(inputs);
    const ConvAttributes& conv = layer.conv;
    const float* w = inputs[1]->As<float>();
    if (layer.depthwise) {
      auto* packed = static_cast<float*>(context.Scratch(DepthwiseCount(conv) * sizeof(float)));
      PackDepthwise(conv, w, packed);
      RunLayer(layer, weights_, packed, *inputs[0], output, context);
      return;
    }
    std::vector<size_t> taps(conv.Taps());
    std::iota(taps.begin(), taps.end(), size_t{0});
    const size_t of_output = conv.group_channels * taps.size(), of_group = conv.outputs / conv.group;
    const TapSourceF32 source{w, of_group, conv.group_channels, of_output, taps.size(), taps.data(), taps.size()};
    const FloatWeights weights(source, conv.group, of_group * of_output, &context);
    RunLayer(layer, weights, nullptr, *inputs[0], output, context);
  }

  int InPlace() const override { return has_residual_ ? 3 : -1; }
  size_t WritesSlack(size_t input) const override { return input == 0 ? slack_ : 0; }
  bool ReadsOnlyElements(size_t input) const override { return input == 1 || input == 2; }
  std::string Note() const override {
    if (!is_constant_) return "weights packed in each run";
    if (layer_.depthwise) return "depthwise";
    const char* way = layer_.conv.IsMatrix() ? "1x1 as a matrix product"
                      : layer_.by_rows       ? "by kernel rows"
                                             : "by kernel positions";
    return sparse_.Note() + "; " + way + (weights_.IsBf16() ? ", bfloat16" : "");
  }
  size_t PackedBytes() const override {
    const size_t depthwise = depthwise_weights_ == nullptr ? 0 : DepthwiseCount(layer_.conv) * sizeof(float);
    return weights_.Bytes() + sparse_.Bytes() + depthwise;
  }

 private:
  Layer LayerOf(const TensorList& inputs) const {
    if (is_constant_) return layer_;
    Layer layer(attributes_, inputs[1]->dims, kSlackChannels);
    layer.PadTiles();
    return layer;
  }

  void RunLayer(const Layer& layer, const FloatWeights& weights, const float* depthwise, const Tensor& input,
                const FloatOutput& all, RunContext& context) const {
    const ConvAttributes& conv = layer.conv;
    ConvGeometry geometry = ConvGeometryOf("ConvNhwc", conv, input.dims);
    const float* x = input.As<float>();
    int32_t zero_row = 0;
    size_t piece = conv.group_channels;
    if (layer.copies_pads) {
      const ConvGeometry padded = PaddedGeometry("ConvNhwc", conv, geometry);
      x = CopyPadded(geometry, padded, x, 0.0f, context);
      geometry = padded;
    } else if (layer.ReadsZeroRow()) {
      zero_row = static_cast<int32_t>(geometry.InputCount());
      std::memset(input.As<float>() + zero_row, 0, geometry.channels * sizeof(float));
    }
    if (layer.by_rows && !layer.pads_tiles) {
      geometry.kernel[1] = 1;
      piece *= conv.kernel[1];
    }

    const size_t pixels = geometry.Pixels(), taps = geometry.Taps();
    // A pixel's own share of the input: kernels overlap.
    const size_t own = std::min(conv.stride[0] * conv.stride[1], conv.Taps()) * geometry.channels;
    if (layer.depthwise) {
      RunDepthwise(x, geometry, depthwise, zero_row, own, all, context);
      return;
    }
    const size_t columns = conv.outputs / conv.group;
    const bool sparse = sparse_.Chosen(), matrix = conv.IsMatrix();
    const GemmTiles tiles = sparse ? sparse_.Tiles(pixels, columns) : PlanGemmF32(pixels, columns, weights.K(), own);
    const size_t zeros = layer.ReadsZeroRow() ? geometry.channels : 0;
    const void* prepared = sparse ? x : weights.Prepare(x, geometry.InputCount() + zeros, context);
    const auto product = [&](size_t group, const ActivationRows& rows, const GemmTile& tile, const FloatOutput& to) {
      const size_t from = group * conv.group_channels;
      if (sparse) {
        sparse_.Run(group, x + from, rows, tile, to);
      } else {
        weights.Multiply(group, prepared, from, rows, tile, to);
      }
    };
    context.Parallel(conv.group * tiles.Count(), [&](size_t i) {
      const size_t group = i % conv.group;
      const GemmTile tile = tiles.At(i / conv.group);
      FloatOutput output = all;
      output.y += group * columns;
      if (output.bias != nullptr) output.bias += group * columns;
      if (output.residual != nullptr) output.residual += group * columns;
      if (matrix) {
        const ActivationRows rows{nullptr, pixels, 1, piece, geometry.channels};
        product(group, rows, tile, output);
        return;
      }
      const size_t count = tile.m1 - tile.m0;
      output.y += tile.m0 * output.y_stride;
      if (output.residual != nullptr) output.residual += tile.m0 * output.residual_stride;
      if (layer.pads_tiles) {
        const PaddedTile padded = PadTile(geometry, x, tile.m0, tile.m1);
        FetchUnder(geometry, x, tile.m1, count);
        weights.Multiply(0, padded.x, 0, padded.rows, {0, count, tile.n0, tile.n1}, output);
        return;
      }
      int32_t* offsets = TileOffsets(taps * count);
      FillOffsets(geometry, tile.m0, tile.m1, zero_row, offsets);
      product(group, {offsets, count, taps, piece, 0}, {0, count, tile.n0, tile.n1}, output);
    });
  }

  void RunDepthwise(const float* x, const ConvGeometry& geometry, const float* weights, int32_t zero_row, size_t own,
                    const FloatOutput& all, RunContext& context) const {
    constexpr size_t kProducts = 1 << 20;      // in 50 microseconds
    constexpr size_t kCacheFloats = 64 << 10;  // in and out of a block
    const size_t pixels = geometry.Pixels(), taps = geometry.Taps(), channels = geometry.channels;
    const size_t block = std::max<size_t>(8, std::min(kProducts / (taps * channels), kCacheFloats / (own + channels)));
    context.Parallel((pixels + block - 1) / block, [&](size_t i) {
      const size_t m0 = i * block, count = std::min(pixels - m0, block);
      int32_t* offsets = TileOffsets(taps * count);
      FillOffsets(geometry, m0, m0 + count, zero_row, offsets);
      FloatOutput output = all;
      output.y += m0 * output.y_stride;
      if (output.residual != nullptr) output.residual += m0 * output.residual_stride;
      FetchUnder(geometry, x, m0 + count, block);
      DepthwiseF32()(x, {offsets, count, taps, channels, 0}, 0, count, weights, output);
    });
  }

  Attributes attributes_;
  ActivationSpec act_;
  Layer layer_{};  // of a constant w
  bool is_constant_ = false, has_residual_;
  size_t slack_ = 0;
  FloatWeights weights_;
  SparseFloat sparse_;
  Buffer depthwise_weights_;
};

}  // namespace

std::unique_ptr<Operator> MakeConvNhwc(OperatorSpec& spec) {
  CheckFloatOperator("ConvNhwc", spec, 4);
  return std::make_unique<ConvNhwcOperator>(spec);
}

}  // namespace gossamer
