// ConvTransposeNhwc: transposed convolution over NHWC in float32 (ONNX ConvTranspose: w [C, M / group, kH, kW], outputs
// as large as strides, pads and output_padding say), and ConvGradInputNhwc, the same sums: the gradient of the input of
// a convolution with weights w [O, C / group, kH, kW] from that of its result, as large as attribute input_shape says.
//
// Output positions whose distance is a multiple of the strides have the same kernel positions: a phase. Each phase is a
// convolution with stride 1 and some of the kernel, turned round: a product, or depthwise_f32 where each group has one
// channel. Nothing is scattered or added up. With strides, a tile is computed side by side and then copied to every
// stride-th output. A w that is no constant is packed in each run. Where the phases multiply much by zeros, of pads or
// to fill up strips, a gradient is spread instead (conv_spread.h).
//
// Over 400 lines: both operators are one class, whose phases, packing and tiles read the same geometry.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/activation.h"
#include "engine/operators/arguments.h"
#include "engine/operators/conv_spread.h"
#include "engine/operators/convolution.h"
#include "engine/operators/float_weights.h"
#include "kernels/depthwise_f32/depthwise_f32.h"

namespace gossamer {
namespace {

// Channels whose row of zeros fits behind an input where w, and so their number, is only known in a run; with more of
// them the input is copied.
constexpr size_t kSlackChannels = 2048;

// Outputs first, first + stride, ... along one axis. Output number j has under tap taps[i] input j + i * dilation -
// pad.
struct AxisPhase {
  size_t first = 0, dilation = 1;
  int64_t pad = 0;
  std::vector<size_t> taps;

  size_t Outputs(size_t out, size_t stride) const { return first < out ? (out - first - 1) / stride + 1 : 0; }
};

std::vector<AxisPhase> PhasesOf(const ConvAttributes& conv, size_t axis) {
  const size_t stride = conv.stride[axis], pad = conv.pad_begin[axis];
  std::vector<AxisPhase> phases(stride);
  for (size_t first = 0; first < stride; ++first) {
    AxisPhase& phase = phases[first];
    phase.first = first;
    phase.dilation = conv.dilation[axis] / std::gcd(conv.dilation[axis], stride);
    for (size_t tap = conv.kernel[axis]; tap-- > 0;) {
      const int64_t distance = static_cast<int64_t>(first + pad) - static_cast<int64_t>(tap * conv.dilation[axis]);
      if (distance % static_cast<int64_t>(stride) != 0) continue;
      if (phase.taps.empty()) phase.pad = -(distance / static_cast<int64_t>(stride));
      phase.taps.push_back(tap);
    }
  }
  return phases;
}

// As a convolution from the channels of the input to those of the output.
ConvAttributes AttributesOf(const char* type, const Attributes& attributes, const Dims& w) {
  const int64_t group = attributes.Int("group", 1);
  if (w.Rank() < 3 || group < 1 || group >= int64_t{1} << 31 || w[0] % group != 0) {
    RefuseProgram(type, "a w [C, M / group, kernel] that fits group " + std::to_string(group), w.Text());
  }
  Dims convolution;
  if (w[1] >= int64_t{1} << 31) RefuseProgram(type, "fewer than 2^31 outputs", w.Text());
  convolution.Append(w[1] * group);
  convolution.Append(w[0] / group);
  for (size_t i = 2; i < w.Rank(); ++i) convolution.Append(w[i]);
  const ConvAttributes conv = ConvAttributesOf(type, attributes, convolution);
  constexpr size_t kMostPhases = 4096;
  if (conv.stride[0] > kMostPhases || conv.stride[1] > kMostPhases / conv.stride[0]) {
    RefuseProgram(std::string(type) + " strides", "a product up to " + std::to_string(kMostPhases),
                  std::to_string(conv.stride[0]) + " by " + std::to_string(conv.stride[1]));
  }
  return conv;
}

// The layer without its weights.
struct Layer {
  ConvAttributes conv;
  bool depthwise;
  std::vector<AxisPhase> axes[2];

  explicit Layer(const ConvAttributes& attributes) : conv(attributes) {
    depthwise = conv.group > 1 && conv.group_channels == 1 && conv.outputs == conv.group;
    for (size_t axis = 0; axis < 2; ++axis) axes[axis] = PhasesOf(conv, axis);
  }
  size_t Phases() const { return axes[0].size() * axes[1].size(); }
  const AxisPhase& Down(size_t phase) const { return axes[0][phase / axes[1].size()]; }
  const AxisPhase& Across(size_t phase) const { return axes[1][phase % axes[1].size()]; }
};

// The weights of every phase, [tap, channel] along k, or for depthwise_f32.
struct PhaseWeights {
  std::vector<FloatWeights> products;
  std::vector<const float*> depthwise;
  Buffer depthwise_memory;
  size_t depthwise_bytes = 0;

  PhaseWeights() = default;
  // In a run into its scratch memory.
  PhaseWeights(const Layer& layer, const float* w, RunContext* run) {
    const ConvAttributes& conv = layer.conv;
    const size_t taps = conv.Taps(), columns = conv.outputs / conv.group, stride = DepthwiseStrideF32(conv.group);
    float* next = nullptr;
    if (layer.depthwise) {
      depthwise_bytes = taps * stride * sizeof(float);
      if (run == nullptr) depthwise_memory = NewBuffer(depthwise_bytes);
      next = static_cast<float*>(run == nullptr ? depthwise_memory.get() : run->Scratch(depthwise_bytes));
    }
    for (size_t phase = 0; phase < layer.Phases(); ++phase) {
      std::vector<size_t> chosen;
      for (size_t ky : layer.Down(phase).taps) {
        for (size_t kx : layer.Across(phase).taps) chosen.push_back(ky * conv.kernel[1] + kx);
      }
      if (layer.depthwise) {
        depthwise.push_back(next);
        for (size_t tap : chosen) {
          for (size_t c = 0; c < stride; ++c) next[c] = c < conv.group ? w[c * taps + tap] : 0;
          next += stride;
        }
      } else {
        const TapSourceF32 source{w,    columns,       conv.group_channels, taps, columns * taps, chosen.data(),
                                  chosen.size()};
        products.emplace_back(source, conv.group, conv.group_channels * columns * taps, run);
      }
    }
  }
  size_t Bytes() const {
    size_t bytes = depthwise_bytes;
    for (const FloatWeights& weights : products) bytes += weights.Bytes();
    return bytes;
  }
};

// Some pixels of a phase for some columns of a group.
struct Tile {
  size_t phase, group;
  GemmTile of;
};

class ConvTransposeNhwcOperator : public Operator {
 public:
  ConvTransposeNhwcOperator(const char* type, OperatorSpec& spec, bool is_gradient)
      : type_(type),
        attributes_(spec.attributes),
        act_(ActivationOf(spec.attributes)),
        has_residual_(spec.Has(3)),
        is_gradient_(is_gradient),
        sizes_(spec.attributes.Ints(is_gradient ? "input_shape" : "output_padding")) {
    for (int64_t size : sizes_) {
      if (size >= (is_gradient ? 1 : 0) && size < int64_t{1} << 31) continue;
      RefuseProgram(SizesName(), is_gradient ? "numbers from 1 below 2^31" : "numbers from 0 below 2^31",
                    std::to_string(size));
    }
    const Tensor* w = spec.Constant(1);
    if (w == nullptr || is_gradient) return;
    constant_ = std::make_unique<Layer>(AttributesOf(type, attributes_, w->dims));
    CheckSizes(constant_->conv);
    weights_ = PhaseWeights(*constant_, w->As<float>(), nullptr);
    spec.released[1] = true;
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const ConvAttributes conv = ConvOf(inputs);
    CheckSizes(conv);
    const SpreadShape geometry = GeometryOf(conv, inputs[0]->dims);
    const Dims y = ConvOutputDims(conv, geometry.batch, geometry.out);
    CheckEpilogueF32(type_, inputs, conv.outputs, y);
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const FloatOutput output = EpilogueF32(inputs, act_, outputs[0], ConvOf(inputs).outputs);
    if (constant_ != nullptr) {
      RunLayer(*constant_, weights_, *inputs[0], output, context);
    } else {
      const Layer layer(ConvOf(inputs));
      const SpreadShape shape = GeometryOf(layer.conv, inputs[0]->dims);
      if (is_gradient_ && SpreadPays(layer.conv, shape, Products(layer, shape))) {
        RunSpread(layer.conv, shape, inputs[0]->As<float>(), inputs[1]->As<float>(), output.y, context);
        return;
      }
      RunLayer(layer, PhaseWeights(layer, inputs[1]->As<float>(), &context), *inputs[0], output, context);
    }
  }

  int InPlace() const override { return has_residual_ ? 3 : -1; }
  size_t WritesSlack(size_t input) const override {
    const size_t channels = constant_ == nullptr ? kSlackChannels : constant_->conv.Channels();
    return input == 0 ? channels * sizeof(float) : 0;
  }
  bool ReadsOnlyElements(size_t input) const override { return input == 1 || input == 2; }
  std::string Note() const override { return constant_ == nullptr ? "weights packed in each run" : ""; }
  size_t PackedBytes() const override { return weights_.Bytes(); }

 private:
  std::string SizesName() const { return std::string(type_) + (is_gradient_ ? " input_shape" : " output_padding"); }

  ConvAttributes ConvOf(const TensorList& inputs) const {
    return constant_ != nullptr ? constant_->conv : AttributesOf(type_, attributes_, inputs[1]->dims);
  }

  void CheckSizes(const ConvAttributes& conv) const {
    if (sizes_.size() == conv.spatial || (!is_gradient_ && sizes_.empty())) return;
    RefuseProgram(SizesName(), std::to_string(conv.spatial) + " numbers", std::to_string(sizes_.size()));
  }

  SpreadShape GeometryOf(const ConvAttributes& conv, const Dims& x) const {
    CheckConvInput(type_, conv, x);
    SpreadShape geometry{static_cast<size_t>(x[0]), {1, static_cast<size_t>(x[conv.spatial])}, {1, 1}};
    if (conv.spatial == 2) geometry.in[0] = static_cast<size_t>(x[1]);
    for (size_t axis = 2 - conv.spatial; axis < 2; ++axis) {
      const size_t size = sizes_.empty() ? 0 : static_cast<size_t>(sizes_[axis + conv.spatial - 2]);
      const size_t reach = conv.dilation[axis] * (conv.kernel[axis] - 1) + 1;
      const size_t pads = conv.pad_begin[axis] + conv.pad_end[axis], in = geometry.in[axis];
      if (is_gradient_) {
        if (size + pads < reach || (size + pads - reach) / conv.stride[axis] + 1 != in) {
          RefuseShape(type_, "the size of the result of a convolution over " + std::to_string(size), x.Text());
        }
        geometry.out[axis] = size;
      } else {
        const size_t spread = in == 0 ? 0 : conv.stride[axis] * (in - 1) + reach + size;
        if (spread <= pads) RefuseShape(type_, "an image larger than its pads", x.Text());
        geometry.out[axis] = spread - pads;
      }
    }
    return geometry;
  }

  // The convolution that a phase is.
  static ConvGeometry PhaseGeometry(const Layer& layer, const SpreadShape& geometry, size_t phase) {
    ConvGeometry of{};
    of.batch = geometry.batch;
    of.channels = layer.conv.Channels();
    const AxisPhase* const axes[2] = {&layer.Down(phase), &layer.Across(phase)};
    for (size_t axis = 0; axis < 2; ++axis) {
      of.in[axis] = geometry.in[axis];
      of.out[axis] = axes[axis]->Outputs(geometry.out[axis], layer.conv.stride[axis]);
      of.kernel[axis] = axes[axis]->taps.size();
      of.stride[axis] = 1;
      of.dilation[axis] = axes[axis]->dilation;
      of.pad_begin[axis] = axes[axis]->pad;
    }
    return of;
  }

  // Whether a tap of some output lies outside of the image.
  static bool ReadsOutside(const ConvGeometry& of) {
    if (of.Taps() == 0 || of.Pixels() == 0) return false;
    for (size_t axis = 0; axis < 2; ++axis) {
      const auto reach = static_cast<int64_t>(of.out[axis] - 1 + (of.kernel[axis] - 1) * of.dilation[axis]);
      if (of.pad_begin[axis] > 0 || reach - of.pad_begin[axis] >= static_cast<int64_t>(of.in[axis])) return true;
    }
    return false;
  }

  // Multiply-adds of all phases, in whole strips of outputs.
  static size_t Products(const Layer& layer, const SpreadShape& shape) {
    size_t products = 0;
    for (size_t phase = 0; phase < layer.Phases(); ++phase) {
      const ConvGeometry of = PhaseGeometry(layer, shape, phase);
      products += of.Pixels() * of.Taps();
    }
    return products * layer.conv.Channels() * StripsF32(layer.conv.outputs) * kStripF32;
  }

  // Whether tiles go by kernel rows, over a copy of what lies under them.
  static bool PadsTiles(const Layer& layer, const ConvGeometry& of) {
    constexpr size_t kMostChannels = 64;  // else a position is as good
    return layer.conv.group == 1 && of.Taps() != 0 && of.kernel[1] > 1 && of.dilation[1] == 1 &&
           layer.conv.group_channels <= kMostChannels && MayPadTiles(of);
  }

  static GemmTiles TilesOf(const Layer& layer, const ConvGeometry& of) {
    const size_t channels = layer.conv.Channels(), columns = layer.conv.outputs / layer.conv.group;
    if (!layer.depthwise) {
      return PlanGemmF32(of.Pixels(), columns, of.Taps() * layer.conv.group_channels, channels);
    }
    constexpr size_t kProducts = 1 << 20;      // in 50 microseconds
    constexpr size_t kCacheFloats = 32 << 10;  // of a tile, for what is read and again for what is written
    const size_t cost = std::max<size_t>(1, of.Taps()) * channels;
    const size_t block = std::max<size_t>(8, std::min(kProducts / cost, kCacheFloats / channels));
    return {of.Pixels(), channels, block, channels};
  }

  void RunLayer(const Layer& layer, const PhaseWeights& weights, const Tensor& input, const FloatOutput& output,
                RunContext& context) const {
    const SpreadShape geometry = GeometryOf(layer.conv, input.dims);
    std::vector<ConvGeometry> phases;
    std::vector<GemmTiles> tiles;
    std::vector<size_t> starts;  // the first tile of each phase, and all of them
    size_t count = 0;
    bool reads_outside = false;
    const size_t groups = layer.depthwise ? 1 : layer.conv.group;
    for (size_t phase = 0; phase < layer.Phases(); ++phase) {
      phases.push_back(PhaseGeometry(layer, geometry, phase));
      tiles.push_back(TilesOf(layer, phases.back()));
      starts.push_back(count);
      count += tiles.back().Count() * groups;
      reads_outside = reads_outside || (!PadsTiles(layer, phases.back()) && ReadsOutside(phases.back()));
    }
    const float* x = reads_outside ? WithZeroRow(layer.conv, input, context) : input.As<float>();
    const auto zero_row = static_cast<int32_t>(input.Count());
    context.Parallel(count, [&](size_t i) {
      const auto phase = static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), i) - starts.begin()) - 1;
      const size_t index = i - starts[phase];
      RunTile(layer, weights, {phase, index % groups, tiles[phase].At(index / groups)}, phases[phase], geometry, x,
              zero_row, output);
    });
  }

  // The input with a row of zeros behind it.
  const float* WithZeroRow(const ConvAttributes& conv, const Tensor& input, RunContext& context) const {
    auto* x = input.As<float>();
    if (constant_ == nullptr && conv.Channels() > kSlackChannels) {
      x = static_cast<float*>(context.Scratch((input.Count() + conv.Channels()) * sizeof(float)));
      CopyBytes(input.data, x, input.Bytes(), context);
    }
    std::memset(x + input.Count(), 0, conv.Channels() * sizeof(float));
    return x;
  }

  static void RunTile(const Layer& layer, const PhaseWeights& weights, const Tile& tile, const ConvGeometry& of,
                      const SpreadShape& geometry, const float* x, int32_t zero_row, const FloatOutput& all) {
    const ConvAttributes& conv = layer.conv;
    const size_t columns = layer.depthwise ? conv.outputs : conv.outputs / conv.group;
    const auto [m0, m1, n0, n1] = tile.of;
    const size_t count = m1 - m0, width = n1 - n0, at = tile.group * columns + n0, taps = of.Taps();
    FloatOutput output = all;
    if (output.bias != nullptr) output.bias += tile.group * columns;
    const bool aside = conv.stride[0] * conv.stride[1] != 1;
    static thread_local std::vector<float> memory;
    if (aside) {
      if (memory.size() < n0 + count * width) memory.resize(n0 + count * width);  // column n0 of row 0 lies at n0
      if (all.residual != nullptr) {
        ForLines(conv, of, tile, geometry, [&](size_t row, size_t pixel, size_t run) {
          for (size_t i = 0; i < run; ++i) {
            std::copy_n(all.residual + (pixel + i * conv.stride[1]) * conv.outputs + at, width,
                        memory.data() + n0 + (row + i) * width);
          }
        });
      }
      output.y = memory.data();
      output.residual = all.residual == nullptr ? nullptr : output.y;
      output.y_stride = output.residual_stride = width;
    } else {
      const size_t first = m0 * conv.outputs + tile.group * columns;
      output.y += first;
      if (output.residual != nullptr) output.residual += first;
    }
    const GemmTile product{0, count, n0, n1};
    if (PadsTiles(layer, of)) {
      const PaddedTile padded = PadTile(of, x, m0, m1);
      FetchUnder(of, x, m1, count);
      weights.products[tile.phase].Multiply(0, padded.x, 0, padded.rows, product, output);
    } else {
      static thread_local std::vector<int32_t> offsets;
      if (offsets.size() < taps * count) offsets.resize(taps * count);
      FillOffsets(of, m0, m1, zero_row, offsets.data());
      if (layer.depthwise) {
        const ActivationRows rows{offsets.data(), count, taps, conv.Channels(), 0};
        FetchUnder(of, x, m1, count);
        DepthwiseF32()(x, rows, 0, count, weights.depthwise[tile.phase], output);
      } else {
        const ActivationRows rows{offsets.data(), count, taps, conv.group_channels, 0};
        weights.products[tile.phase].Multiply(tile.group, x, tile.group * conv.group_channels, rows, product, output);
      }
    }
    if (!aside) return;
    ForLines(conv, of, tile, geometry, [&](size_t row, size_t pixel, size_t run) {
      for (size_t i = 0; i < run; ++i) {
        std::copy_n(memory.data() + n0 + (row + i) * width, width,
                    all.y + (pixel + i * conv.stride[1]) * conv.outputs + at);
      }
    });
  }

  // Calls body(row of the tile, pixel of the output, count) for the runs of a tile that lie in one line of the output:
  // every stride-th of its pixels from the first on.
  template <class Body>
  static void ForLines(const ConvAttributes& conv, const ConvGeometry& of, const Tile& tile,
                       const SpreadShape& geometry, const Body& body) {
    const size_t first[2] = {tile.phase / conv.stride[1], tile.phase % conv.stride[1]};
    for (size_t m = tile.of.m0; m < tile.of.m1;) {
      const size_t column = m % of.out[1], line = m / of.out[1] % of.out[0], image = m / of.out[1] / of.out[0];
      const size_t run = std::min(tile.of.m1 - m, of.out[1] - column);
      const size_t row = image * geometry.out[0] + line * conv.stride[0] + first[0];
      body(m - tile.of.m0, row * geometry.out[1] + column * conv.stride[1] + first[1], run);
      m += run;
    }
  }

  const char* type_;
  Attributes attributes_;
  ActivationSpec act_;
  bool has_residual_, is_gradient_;
  std::vector<int64_t> sizes_;  // output_padding, or input_shape
  std::unique_ptr<Layer> constant_;
  PhaseWeights weights_;  // of a constant w
};

}  // namespace

std::unique_ptr<Operator> MakeConvTransposeNhwc(OperatorSpec& spec) {
  CheckFloatOperator("ConvTransposeNhwc", spec, 4);
  return std::make_unique<ConvTransposeNhwcOperator>("ConvTransposeNhwc", spec, false);
}

std::unique_ptr<Operator> MakeConvGradInputNhwc(OperatorSpec& spec) {
  CheckFloatOperator("ConvGradInputNhwc", spec, 2);
  return std::make_unique<ConvTransposeNhwcOperator>("ConvGradInputNhwc", spec, true);
}

}  // namespace gossamer
