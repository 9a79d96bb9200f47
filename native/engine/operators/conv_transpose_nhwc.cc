// ConvTransposeNhwc: transposed convolution over NHWC in float32 (ONNX ConvTranspose: w [C, M / group, kH, kW], outputs
// as large as strides, pads and output_padding say). Output positions whose distance is a multiple of the strides have
// the same kernel positions: a phase. Each phase is a convolution with stride 1 and some of the kernel, a product that
// writes every stride-th output; nothing is scattered or added up.
#include <algorithm>
#include <cstring>

#include "engine/activation.h"
#include "engine/operators/arguments.h"
#include "engine/operators/convolution.h"
#include "engine/operators/float_weights.h"

namespace gossamer {
namespace {

constexpr const char* kType = "ConvTransposeNhwc";

// Along one axis: outputs first, first + stride, ... and the kernel positions that reach them. Output number j has
// input j + shifts[i] under kernel position taps[i].
struct Phase {
  size_t first;
  std::vector<size_t> taps;
  std::vector<int64_t> shifts;

  size_t Outputs(size_t out, size_t stride) const { return first < out ? (out - first - 1) / stride + 1 : 0; }
};

std::vector<Phase> PhasesOf(const ConvAttributes& conv, size_t axis) {
  const size_t stride = conv.stride[axis], pad = conv.pad_begin[axis];
  std::vector<Phase> phases;
  for (size_t first = 0; first < stride; ++first) {
    Phase phase{first, {}, {}};
    for (size_t tap = 0; tap < conv.kernel[axis]; ++tap) {
      const int64_t distance = static_cast<int64_t>(first + pad) - static_cast<int64_t>(tap * conv.dilation[axis]);
      if (distance % static_cast<int64_t>(stride) != 0) continue;
      phase.taps.push_back(tap);
      phase.shifts.push_back(distance / static_cast<int64_t>(stride));
    }
    phases.push_back(std::move(phase));
  }
  return phases;
}

struct Geometry {
  size_t batch, in[2], out[2];
};

class ConvTransposeNhwcOperator : public Operator {
 public:
  ConvTransposeNhwcOperator(OperatorSpec& spec, const ConvAttributes& conv)
      : conv_(conv), act_(ActivationOf(spec.attributes)), has_residual_(spec.Has(3)) {
    const std::vector<int64_t> padding = spec.attributes.Ints("output_padding");
    if (!padding.empty() && padding.size() != conv_.spatial) {
      RefuseProgram("ConvTransposeNhwc output_padding", std::to_string(conv_.spatial) + " numbers",
                    std::to_string(padding.size()));
    }
    for (size_t i = 0; i < padding.size(); ++i) {
      if (padding[i] < 0 || padding[i] >= int64_t{1} << 31) {
        RefuseProgram("ConvTransposeNhwc output_padding", "numbers from 0 below 2^31", std::to_string(padding[i]));
      }
      output_padding_[2 - conv_.spatial + i] = static_cast<size_t>(padding[i]);
    }
    constexpr size_t kMostPhases = 4096;
    if (conv_.stride[0] > kMostPhases || conv_.stride[1] > kMostPhases / conv_.stride[0]) {
      RefuseProgram("ConvTransposeNhwc strides", "a product up to " + std::to_string(kMostPhases),
                    std::to_string(conv_.stride[0]) + " by " + std::to_string(conv_.stride[1]));
    }
    for (size_t axis = 0; axis < 2; ++axis) {
      phases_[axis] = PhasesOf(conv_, axis);
      outside_ = outside_ || conv_.pad_begin[axis] != 0 || conv_.pad_end[axis] != 0 || conv_.dilation[axis] != 1 ||
                 conv_.kernel[axis] + output_padding_[axis] > conv_.stride[axis];
    }
    const float* w = spec.Constant(1)->As<float>();
    for (const Phase& y : phases_[0]) {
      for (const Phase& x : phases_[1]) weights_.push_back(Pack(w, y, x));
    }
    spec.released[1] = true;
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Geometry geometry = GeometryOf(inputs[0]->dims);
    const Dims y = ConvOutputDims(conv_, geometry.batch, geometry.out);
    CheckEpilogueF32(kType, inputs, conv_.outputs, y);
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Geometry geometry = GeometryOf(inputs[0]->dims);
    auto* x = inputs[0]->As<float>();
    const size_t zero_row = inputs[0]->Count();
    if (outside_) std::memset(x + zero_row, 0, conv_.Channels() * sizeof(float));
    const FloatOutput output = EpilogueF32(inputs, act_, outputs[0], conv_.outputs);

    // Tiles of some lines of one phase, group and image; as many for every phase, so that some may have nothing to do.
    constexpr size_t kProducts = 4 << 20;
    const size_t lines = phases_[0][0].Outputs(geometry.out[0], conv_.stride[0]);
    const size_t width = phases_[1][0].Outputs(geometry.out[1], conv_.stride[1]);
    const size_t of_line = std::max<size_t>(1, width * conv_.outputs / conv_.group * LargestK());
    const size_t block = std::max<size_t>(1, kProducts / of_line), blocks = (lines + block - 1) / block;
    context.Parallel(weights_.size() * conv_.group * geometry.batch * blocks, [&](size_t i) {
      const size_t first = i % blocks * block, image = i / blocks % geometry.batch;
      const size_t group = i / blocks / geometry.batch % conv_.group, phase = i / blocks / geometry.batch / conv_.group;
      for (size_t line = first; line < std::min(lines, first + block); ++line) {
        RunLine(x, static_cast<int32_t>(zero_row), geometry, image, group, phase, line, output);
      }
    });
  }

  int InPlace() const override { return has_residual_ ? 3 : -1; }
  size_t WritesSlack(size_t input) const override {
    return input == 0 && outside_ ? conv_.Channels() * sizeof(float) : 0;
  }
  size_t PackedBytes() const override {
    size_t bytes = 0;
    for (const FloatWeights& weights : weights_) bytes += weights.Bytes();
    return bytes;
  }

 private:
  // The weights of a phase for each group, [tap, channel] along k.
  FloatWeights Pack(const float* w, const Phase& y, const Phase& x) const {
    const size_t outputs = conv_.outputs / conv_.group, channels = conv_.group_channels;
    const size_t taps = y.taps.size() * x.taps.size(), matrix = outputs * taps * channels;
    std::vector<float> chosen(std::max<size_t>(1, conv_.group * matrix));  // a phase may have no taps
    for (size_t g = 0; g < conv_.group; ++g) {
      for (size_t c = 0; c < channels; ++c) {
        for (size_t n = 0; n < outputs; ++n) {
          const float* kernel = w + ((g * channels + c) * outputs + n) * conv_.Taps();
          float* to = chosen.data() + g * matrix + n * taps * channels + c;
          for (size_t ky : y.taps) {
            for (size_t kx : x.taps) {
              *to = kernel[ky * conv_.kernel[1] + kx];
              to += channels;
            }
          }
        }
      }
    }
    return FloatWeights({chosen.data(), outputs, taps, channels, taps * channels, channels, 1}, conv_.group, matrix);
  }

  size_t LargestK() const {
    size_t k = 1;
    for (const FloatWeights& weights : weights_) k = std::max(k, weights.K());
    return k;
  }

  Geometry GeometryOf(const Dims& x) const {
    CheckConvInput(kType, conv_, x);
    Geometry geometry{static_cast<size_t>(x[0]), {1, static_cast<size_t>(x[conv_.spatial])}, {1, 1}};
    if (conv_.spatial == 2) geometry.in[0] = static_cast<size_t>(x[1]);
    for (size_t axis = 0; axis < 2; ++axis) {
      const size_t reach = conv_.dilation[axis] * (conv_.kernel[axis] - 1) + 1 + output_padding_[axis];
      const size_t pads = conv_.pad_begin[axis] + conv_.pad_end[axis];
      const size_t spread = geometry.in[axis] == 0 ? 0 : conv_.stride[axis] * (geometry.in[axis] - 1) + reach;
      if (spread <= pads) RefuseShape(kType, "an image larger than its pads", x.Text());
      geometry.out[axis] = spread - pads;
    }
    return geometry;
  }

  // Line number `line` of a phase of one image and group.
  void RunLine(const float* x, int32_t zero_row, const Geometry& geometry, size_t image, size_t group, size_t phase,
               size_t line, const FloatOutput& all) const {
    const Phase& down = phases_[0][phase / phases_[1].size()];
    const Phase& across = phases_[1][phase % phases_[1].size()];
    const size_t count = across.Outputs(geometry.out[1], conv_.stride[1]);
    if (line >= down.Outputs(geometry.out[0], conv_.stride[0]) || count == 0) return;
    const size_t taps = down.taps.size() * across.taps.size();
    static thread_local std::vector<int32_t> offsets;
    if (offsets.size() < taps * count) offsets.resize(taps * count);
    int32_t* tap = offsets.data();
    for (int64_t shift : down.shifts) {
      const int64_t row = static_cast<int64_t>(line) + shift;
      const bool inside = row >= 0 && row < static_cast<int64_t>(geometry.in[0]);
      const int64_t start = static_cast<int64_t>(image * geometry.in[0]) + row;
      for (size_t i = 0; i < across.shifts.size(); ++i, tap += count) {
        for (size_t j = 0; j < count; ++j) {
          const int64_t column = static_cast<int64_t>(j) + across.shifts[i];
          const bool pixel = inside && column >= 0 && column < static_cast<int64_t>(geometry.in[1]);
          const int64_t at = (start * static_cast<int64_t>(geometry.in[1]) + column);
          tap[j] = pixel ? static_cast<int32_t>(at * static_cast<int64_t>(conv_.Channels())) : zero_row;
        }
      }
    }

    const size_t columns = conv_.outputs / conv_.group;
    const size_t row = image * geometry.out[0] + line * conv_.stride[0] + down.first;
    const size_t first = (row * geometry.out[1] + across.first) * conv_.outputs + group * columns;
    FloatOutput output = all;
    output.y += first;
    output.y_stride = output.residual_stride = conv_.stride[1] * conv_.outputs;
    if (output.residual != nullptr) output.residual += first;
    if (output.bias != nullptr) output.bias += group * columns;
    weights_[phase].Multiply(group, x, group * conv_.group_channels,
                             {offsets.data(), count, taps, conv_.group_channels, 0}, {0, count, 0, columns}, output);
  }

  ConvAttributes conv_;
  ActivationSpec act_;
  size_t output_padding_[2] = {0, 0};
  std::vector<Phase> phases_[2];
  std::vector<FloatWeights> weights_;  // by phase
  bool has_residual_, outside_ = false;
};

}  // namespace

std::unique_ptr<Operator> MakeConvTransposeNhwc(OperatorSpec& spec) {
  CheckFloatOperator(kType, spec, 4);
  const Tensor* w = spec.Constant(1);
  const int64_t group = spec.attributes.Int("group", 1);
  if (w == nullptr || w->dims.Rank() < 3 || group < 1 || group >= int64_t{1} << 31 || w->dims[0] % group != 0) {
    RefuseProgram(kType, "a constant w [C, M / group, kernel] that fits group " + std::to_string(group),
                  w == nullptr ? "none" : w->dims.Text());
  }
  // As w of a convolution from C to M channels.
  Dims convolution;
  if (w->dims[1] >= int64_t{1} << 31) RefuseProgram(kType, "fewer than 2^31 outputs", w->dims.Text());
  convolution.Append(w->dims[1] * group);
  convolution.Append(w->dims[0] / group);
  for (size_t i = 2; i < w->dims.Rank(); ++i) convolution.Append(w->dims[i]);
  return std::make_unique<ConvTransposeNhwcOperator>(spec, ConvAttributesOf(kType, spec.attributes, convolution));
}

}  // namespace gossamer
