// Int8Conv: a convolution over uint8 NHWC in 8-bit integers, dense, grouped or depthwise. docs/engine.md has its inputs
// and attributes.
#include <cstring>
#include <memory>

#include "engine/operators/convolution_window.h"
#include "engine/operators/int8_depthwise.h"
#include "engine/operators/int8_results.h"
#include "engine/operators/int8_rows.h"

namespace gossamer {
namespace {

// With fewer channels than this the positions of a kernel row, which lie side by side in NHWC, make one piece: pieces
// of a few bytes would waste most of a step. That needs an image with its padding around it, so it is copied.
constexpr int64_t kFewChannels = 16;

struct ConvWeights {
  std::vector<int8_t> data;          // [M][kH * kW][C / group]
  std::vector<int64_t> kernel;       // one or two sizes
  int64_t outputs, channels, group;  // channels: of one group
};

ConvWeights ReadWeights(const OperatorSpec& spec) {
  const std::vector<int8_t> elements = Int8WeightElements(spec);
  const Dims& dims = spec.Constant(kInt8W)->dims;
  if (dims.Rank() != 3 && dims.Rank() != 4) {
    RefuseInt8(spec.type, "ERR_ENGINE_SHAPE", "w: expected three or four dimensions, received " + dims.Text());
  }
  ConvWeights w{{}, {}, dims[0], dims[1], spec.attributes.Int("group", 1)};
  for (size_t axis = 2; axis < dims.Rank(); ++axis) w.kernel.push_back(dims[axis]);
  if (w.group < 1 || w.outputs < w.group || w.outputs % w.group != 0 || w.channels < 1 ||
      w.channels > INT32_MAX / w.group) {
    RefuseInt8(
        spec.type, "ERR_ENGINE_PROGRAM",
        "group: expected a divisor of the outputs of w " + dims.Text() + ", received " + std::to_string(w.group));
  }
  const size_t outputs = static_cast<size_t>(w.outputs), channels = static_cast<size_t>(w.channels);
  const size_t taps = dims.Count(2, dims.Rank());
  w.data.resize(elements.size());
  for (size_t m = 0; m < outputs; ++m) {
    for (size_t c = 0; c < channels; ++c) {
      for (size_t t = 0; t < taps; ++t) {
        w.data[(m * taps + t) * channels + c] = elements[(m * channels + c) * taps + t];
      }
    }
  }
  return w;
}

class Int8ConvOperator : public Operator {
 public:
  Int8ConvOperator(const OperatorSpec& spec, const ConvWeights& w)
      : window_(WindowOf(spec, w.kernel)),
        outputs_(static_cast<size_t>(w.outputs)),
        channels_(static_cast<size_t>(w.channels)),
        groups_(static_cast<size_t>(w.group)),
        results_(spec, w.data.data(), outputs_, window_.Taps() * channels_) {
    joins_rows_ = w.group == 1 && w.channels < kFewChannels && window_.w.kernel > 1 && window_.w.dilation == 1;
    const size_t each = outputs_ / groups_, depth = window_.Taps() * channels_;
    taps_ = joins_rows_ ? static_cast<size_t>(window_.h.kernel) : window_.Taps();
    piece_ = depth / taps_;
    if (groups_ > 1 && channels_ == 1) {
      depthwise_ = std::make_unique<Int8Depthwise>(w.data.data(), results_.WeightZeros(), outputs_, each, depth);
      return;
    }
    const SparseMode sparse = SparseModeOf(spec.attributes);
    for (size_t g = 0; g < groups_; ++g) {
      weights_.push_back(PackInt8({w.data.data() + g * each * depth, each, taps_, piece_}, sparse));
    }
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[kInt8X]->dims;
    const WindowSizes sizes = WindowSizesOf(window_, x, "Int8Conv");
    if (static_cast<size_t>(sizes.channels) != channels_ * groups_) {
      RefuseInt8("Int8Conv", "ERR_ENGINE_SHAPE",
                 "x: expected " + std::to_string(channels_ * groups_) + " channels, received " + x.Text());
    }
    if (depthwise_ != nullptr && (sizes.Pixels() + 1) > static_cast<size_t>(INT32_MAX) / outputs_) {
      RefuseInt8("Int8Conv", "ERR_ENGINE_SHAPE", "x: expected fewer than 2^31 elements for all outputs");
    }
    if (joins_rows_) {
      const WindowSizes padded = Padded(sizes);
      if (Dims{padded.batch, padded.height, padded.width, padded.channels}.Count() > static_cast<size_t>(INT32_MAX)) {
        RefuseInt8("Int8Conv", "ERR_ENGINE_SHAPE", "x: expected fewer than 2^31 elements with its padding");
      }
    }
    outputs[0].dims = WindowResult(sizes, x.Rank(), static_cast<int64_t>(outputs_));
    results_.Check(inputs, outputs[0]);
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const WindowSizes sizes = WindowSizesOf(window_, inputs[kInt8X]->dims, "Int8Conv");
    if (sizes.Rows() == 0) return;
    uint8_t* x = inputs[kInt8X]->As<uint8_t>();
    const uint8_t zero = results_.XZeroPoint(inputs);
    if (depthwise_ != nullptr) return RunDepthwise(inputs, outputs[0], sizes, context);
    ActivationRows rows{nullptr, sizes.Rows(), taps_, piece_, channels_ * groups_};
    std::shared_ptr<const WindowOffsets> offsets;
    if (joins_rows_) {
      x = CopyPadded(x, sizes, zero, context);
      Window lines = window_;
      lines.h.begin = lines.h.end = lines.w.begin = lines.w.end = 0;
      lines.w.kernel = 1;  // one tap a line of the kernel
      WindowSizes padded = Padded(sizes);
      offsets = offsets_.Get(lines, padded);
    } else if (!window_.IsPointwise()) {
      FillOutside(x, sizes, zero);
      offsets = offsets_.Get(window_, sizes);
    }
    if (offsets != nullptr) rows.offsets = offsets->data();
    const size_t each = outputs_ / groups_;
    const size_t fresh = static_cast<size_t>(window_.h.stride * window_.w.stride) * channels_;
    const Int8Output output = results_.Prepare(inputs, outputs[0], context);
    for (size_t g = 0; g < groups_; ++g) {
      RunInt8Rows(*weights_[g], each, taps_ * piece_, x + g * channels_, rows, fresh, results_.From(output, g * each),
                  results_.NeedsRowSums(), context);
    }
  }

  size_t WritesSlack(size_t input) const override {
    return input == kInt8X && window_.HasPadding() && !joins_rows_ ? channels_ * groups_ : 0;
  }
  std::string Note() const override {
    if (depthwise_ != nullptr) return depthwise_->Note();
    return weights_[0]->Note() + (joins_rows_ ? ", pieces of whole kernel rows" : "");
  }
  size_t PackedBytes() const override {
    size_t bytes = depthwise_ != nullptr ? depthwise_->Bytes() : 0;
    for (const auto& weights : weights_) bytes += weights->Bytes();
    return bytes;
  }

 private:
  // The row of zero points behind the image.
  void FillOutside(uint8_t* x, const WindowSizes& sizes, uint8_t zero) const {
    if (window_.HasPadding()) std::memset(x + sizes.Pixels() * channels_ * groups_, zero, channels_ * groups_);
  }
  void RunDepthwise(const TensorList& inputs, const Tensor& y, WindowSizes sizes, RunContext& context) const {
    uint8_t* x = inputs[kInt8X]->As<uint8_t>();
    FillOutside(x, sizes, results_.XZeroPoint(inputs));
    const uint8_t* wide = depthwise_->Expand(x, sizes.Pixels() + (window_.HasPadding() ? 1 : 0), context);
    sizes.channels = static_cast<int64_t>(outputs_);
    const std::shared_ptr<const WindowOffsets> offsets = offsets_.Get(window_, sizes);
    const ActivationRows rows{offsets->data(), sizes.Rows(), taps_, outputs_, outputs_};
    const size_t fresh = static_cast<size_t>(window_.h.stride * window_.w.stride) * outputs_;
    depthwise_->Run(wide, rows, fresh, results_.Prepare(inputs, y, context), context);
  }
  // The sizes of the image with its padding; as many outputs.
  WindowSizes Padded(WindowSizes sizes) const {
    sizes.height += window_.h.begin + window_.h.end;
    sizes.width += window_.w.begin + window_.w.end;
    return sizes;
  }
  uint8_t* CopyPadded(const uint8_t* x, const WindowSizes& sizes, uint8_t zero, RunContext& context) const {
    const WindowSizes padded = Padded(sizes);
    const size_t line = static_cast<size_t>(sizes.width) * channels_;
    const size_t padded_line = static_cast<size_t>(padded.width) * channels_;
    const size_t before = static_cast<size_t>(window_.w.begin) * channels_;
    uint8_t* copy = static_cast<uint8_t*>(context.Scratch(padded.Pixels() * channels_));
    context.Parallel(static_cast<size_t>(sizes.batch), [&](size_t b) {
      uint8_t* to = copy + b * static_cast<size_t>(padded.height) * padded_line;
      const uint8_t* from = x + b * static_cast<size_t>(sizes.height) * line;
      for (int64_t h = -window_.h.begin; h < sizes.height + window_.h.end; ++h, to += padded_line) {
        if (h < 0 || h >= sizes.height) {
          std::memset(to, zero, padded_line);
          continue;
        }
        std::memset(to, zero, before);
        std::memcpy(to + before, from, line);
        std::memset(to + before + line, zero, padded_line - before - line);
        from += line;
      }
    });
    return copy;
  }

  Window window_;
  size_t outputs_, channels_, groups_, taps_, piece_;  // channels: of one group
  bool joins_rows_;
  Int8Results results_;
  std::vector<std::unique_ptr<PackedInt8>> weights_;  // by group
  std::unique_ptr<Int8Depthwise> depthwise_;          // instead of them
  OffsetCache offsets_;
};

}  // namespace

std::unique_ptr<Operator> MakeInt8Conv(OperatorSpec& spec) {
  auto made = std::make_unique<Int8ConvOperator>(spec, ReadWeights(spec));
  spec.released[kInt8W] = true;
  return made;
}

}  // namespace gossamer
