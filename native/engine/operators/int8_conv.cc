// Int8Conv: a convolution over uint8 NHWC in 8-bit integers, dense, grouped or depthwise. docs/engine.md has its inputs
// and attributes.
#include <cstring>
#include <memory>

#include "engine/operators/convolution.h"
#include "engine/operators/int8_depthwise.h"
#include "engine/operators/int8_results.h"
#include "engine/operators/int8_rows.h"
#include "engine/operators/offset_cache.h"
#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

constexpr const char* kType = "Int8Conv";

// With fewer channels than this the positions of a kernel row, which lie side by side in NHWC, make one piece: pieces
// of a few bytes would waste most of a step. That needs an image with its padding around it, so it is copied.
constexpr size_t kFewChannels = 16;

// The weights, [M][kH * kW][C / group].
std::vector<int8_t> ReadWeights(const OperatorSpec& spec, const ConvAttributes& conv) {
  std::vector<int8_t> elements = Int8WeightElements(spec);
  const size_t channels = conv.group_channels, taps = conv.Taps();
  if (taps == 1) return elements;
  std::vector<int8_t> w(elements.size());
  for (size_t m = 0; m < conv.outputs; ++m) {
    const auto* from = reinterpret_cast<const uint8_t*>(elements.data()) + m * channels * taps;
    Transpose8()(from, channels, taps, taps, reinterpret_cast<uint8_t*>(w.data()) + m * taps * channels, channels);
  }
  return w;
}

class Int8ConvOperator : public Operator {
 public:
  Int8ConvOperator(const OperatorSpec& spec, const ConvAttributes& conv, const std::vector<int8_t>& w)
      : conv_(conv), results_(spec, w.data(), conv.outputs, conv.Taps() * conv.group_channels) {
    joins_rows_ =
        conv_.group == 1 && conv_.group_channels < kFewChannels && conv_.kernel[1] > 1 && conv_.dilation[1] == 1;
    const size_t each = conv_.outputs / conv_.group, depth = conv_.Taps() * conv_.group_channels;
    taps_ = joins_rows_ ? conv_.kernel[0] : conv_.Taps();
    piece_ = depth / taps_;
    if (conv_.group > 1 && conv_.group_channels == 1) {
      depthwise_ = std::make_unique<Int8Depthwise>(w.data(), results_.WeightZeros(), conv_.outputs, each, depth);
      return;
    }
    const SparseMode sparse = SparseModeOf(spec.attributes);
    for (size_t g = 0; g < conv_.group; ++g) {
      weights_.push_back(PackInt8({w.data() + g * each * depth, each, taps_, piece_}, sparse));
    }
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[kInt8X]->dims;
    const ConvGeometry geometry = ConvGeometryOf(kType, conv_, x);
    const Dims table{static_cast<int64_t>(conv_.Taps()), static_cast<int64_t>(geometry.batch),
                     static_cast<int64_t>(geometry.out[0]), static_cast<int64_t>(geometry.out[1])};
    if (table.Count() > static_cast<size_t>(INT32_MAX)) {
      RefuseInt8(kType, "ERR_ENGINE_SHAPE",
                 "x: expected fewer than 2^31 positions of the kernel, received " + x.Text());
    }
    if (depthwise_ != nullptr && geometry.InputPixels() + 1 > static_cast<size_t>(INT32_MAX) / conv_.outputs) {
      RefuseInt8(kType, "ERR_ENGINE_SHAPE", "x: expected fewer than 2^31 elements for all outputs");
    }
    if (joins_rows_) PaddedGeometry(kType, conv_, geometry);
    outputs[0].dims = ConvOutputDims(conv_, geometry.batch, geometry.out);
    results_.Check(inputs, outputs[0]);
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    ConvGeometry geometry = ConvGeometryOf(kType, conv_, inputs[kInt8X]->dims);
    if (geometry.Pixels() == 0) return;
    uint8_t* x = inputs[kInt8X]->As<uint8_t>();
    const uint8_t zero = results_.XZeroPoint(inputs);
    if (depthwise_ != nullptr) return RunDepthwise(inputs, outputs[0], geometry, context);
    ActivationRows rows{nullptr, geometry.Pixels(), taps_, piece_, geometry.channels};
    std::shared_ptr<const OffsetTable> offsets;
    if (joins_rows_) {
      const ConvGeometry padded = PaddedGeometry(kType, conv_, geometry);
      x = CopyPadded(geometry, padded, x, zero, context);
      geometry = padded;
      geometry.kernel[1] = 1;  // one tap a line of the kernel
      offsets = offsets_.Get(geometry);
    } else if (!conv_.IsMatrix()) {
      FillOutside(x, geometry, zero);
      offsets = offsets_.Get(geometry);
    }
    if (offsets != nullptr) rows.offsets = offsets->data();
    const size_t each = conv_.outputs / conv_.group;
    const size_t fresh = conv_.stride[0] * conv_.stride[1] * conv_.group_channels;
    const Int8Output output = results_.Prepare(inputs, outputs[0], context);
    for (size_t g = 0; g < conv_.group; ++g) {
      RunInt8Rows(*weights_[g], each, taps_ * piece_, x + g * conv_.group_channels, rows, fresh,
                  results_.From(output, g * each), results_.NeedsRowSums(), context);
    }
  }

  size_t WritesSlack(size_t input) const override {
    return input == kInt8X && conv_.Padded() && !joins_rows_ ? conv_.Channels() : 0;
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
  void FillOutside(uint8_t* x, const ConvGeometry& geometry, uint8_t zero) const {
    if (conv_.Padded()) std::memset(x + geometry.InputCount(), zero, geometry.channels);
  }
  void RunDepthwise(const TensorList& inputs, const Tensor& y, ConvGeometry geometry, RunContext& context) const {
    uint8_t* x = inputs[kInt8X]->As<uint8_t>();
    FillOutside(x, geometry, results_.XZeroPoint(inputs));
    const uint8_t* wide = depthwise_->Expand(x, geometry.InputPixels() + (conv_.Padded() ? 1 : 0), context);
    geometry.channels = conv_.outputs;
    const std::shared_ptr<const OffsetTable> offsets = offsets_.Get(geometry);
    const ActivationRows rows{offsets->data(), geometry.Pixels(), taps_, conv_.outputs, conv_.outputs};
    const size_t fresh = conv_.stride[0] * conv_.stride[1] * conv_.outputs;
    depthwise_->Run(wide, rows, fresh, results_.Prepare(inputs, y, context), context);
  }

  ConvAttributes conv_;
  size_t taps_, piece_;
  bool joins_rows_;
  Int8Results results_;
  std::vector<std::unique_ptr<PackedInt8>> weights_;  // by group
  std::unique_ptr<Int8Depthwise> depthwise_;          // instead of them
  OffsetCache offsets_;
};

}  // namespace

std::unique_ptr<Operator> MakeInt8Conv(OperatorSpec& spec) {
  const Tensor* w = spec.Constant(kInt8W);
  if (w == nullptr) RefuseInt8(kType, "ERR_ENGINE_PROGRAM", "w: expected a constant");
  const ConvAttributes conv = ConvAttributesOf(kType, spec.attributes, w->dims);
  auto made = std::make_unique<Int8ConvOperator>(spec, conv, ReadWeights(spec, conv));
  spec.released[kInt8W] = true;
  return made;
}

}  // namespace gossamer
