// ConvInteger: convolutions of 8-bit integers with the channels first, int32 results. It computes as Int8Conv does,
// between two transpositions in scratch memory.
#include <algorithm>
#include <memory>
#include <vector>

#include "engine/operators/convolution.h"
#include "engine/operators/int8_results.h"
#include "engine/operators/integer_products.h"
#include "kernels/transpose/transpose.h"

namespace gossamer {

OperatorFactory MakeInt8Conv;

namespace {

constexpr const char* kType = "ConvInteger";

enum Input { kX, kW, kXZeroPoint, kWZeroPoint };

[[noreturn]] void Refuse(const char* code, const std::string& what) { throw EngineError{code, "ConvInteger: " + what}; }

class ConvIntegerOperator : public Operator {
 public:
  explicit ConvIntegerOperator(OperatorSpec& spec)
      : attributes_(spec.attributes), auto_pad_(spec.attributes.Text("auto_pad", "NOTSET")) {
    if (auto_pad_ != "NOTSET" && auto_pad_ != "VALID" && auto_pad_ != "SAME_UPPER" && auto_pad_ != "SAME_LOWER") {
      Refuse("ERR_ENGINE_PROGRAM", "auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, received " + auto_pad_);
    }
    const Tensor* w = spec.Constant(kW);
    const Tensor* w_zero = spec.Constant(kWZeroPoint);
    if (w == nullptr || (spec.Has(kWZeroPoint) && w_zero == nullptr) || auto_pad_[0] == 'S') return;
    CheckKernel(*w);
    made_ = Make(*w, w_zero, std::vector<double>(2 * (w->dims.Rank() - 2)));
    spec.released[kW] = true;
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Tensor& w = *inputs[kW];
    CheckKernel(w);
    const Dims& x = inputs[kX]->dims;
    if (x.Rank() != w.dims.Rank()) {
      Refuse("ERR_ENGINE_SHAPE", "expected x and w of one rank, received " + x.Text() + " and " + w.dims.Text());
    }
    if (inputs.size() > kXZeroPoint && inputs[kXZeroPoint] != nullptr && inputs[kXZeroPoint]->Count() != 1) {
      Refuse("ERR_ENGINE_SHAPE", "x_zero_point: expected one number, received " + inputs[kXZeroPoint]->dims.Text());
    }
    if (const Tensor* zero = WZero(inputs);
        zero != nullptr && zero->Count() != 1 && zero->Count() != static_cast<size_t>(w.dims[0])) {
      Refuse("ERR_ENGINE_SHAPE",
             "w_zero_point: expected one number or one for each output, received " + zero->dims.Text());
    }
    Dims last{x[0]};
    for (size_t axis = 2; axis < x.Rank(); ++axis) last.Append(x[axis]);
    last.Append(x[1]);
    if (made_ == nullptr) {
      const int64_t group = attributes_.Int("group", 1);
      if (group < 1 || w.dims[0] % group != 0 || x[1] % group != 0 || x[1] / group != w.dims[1]) {
        Refuse("ERR_ENGINE_SHAPE",
               "expected channels of w and x that fit, received " + w.dims.Text() + " and " + x.Text());
      }
    }
    const ConvGeometry geometry = ConvGeometryOf(kType, AttributesFor(inputs), last);
    Dims y{x[0], w.dims[0]};
    if (x.Rank() == 4) y.Append(static_cast<int64_t>(geometry.out[0]));
    y.Append(static_cast<int64_t>(geometry.out[1]));
    outputs[0].dims = y;
    if (made_ != nullptr) {  // all checks of the layer, on the image with its channels last
      std::vector<Tensor> results(1);
      results[0].type = DataType::kInt32;
      Tensor image{DataType::kUint8, last, nullptr}, zero{DataType::kUint8, {}, nullptr};
      made_->Shape({&image, inputs[kW], nullptr, nullptr, nullptr, &zero, nullptr}, results);
    }
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    if (outputs[0].Count() == 0) return;
    const Tensor& x = *inputs[kX];
    const size_t batch = static_cast<size_t>(x.dims[0]), channels = static_cast<size_t>(x.dims[1]);
    const size_t pixels = x.dims.Count(2, x.dims.Rank());
    std::unique_ptr<Operator> here;
    if (made_ == nullptr) here = Make(*inputs[kW], WZero(inputs), Pads(AttributesFor(inputs)));
    const Operator& layer = made_ != nullptr ? *made_ : *here;

    Tensor image{DataType::kUint8, {x.dims[0]}, context.Scratch(x.Count() + layer.WritesSlack(kInt8X))};
    for (size_t axis = 2; axis < x.dims.Rank(); ++axis) image.dims.Append(x.dims[axis]);
    image.dims.Append(x.dims[1]);
    const bool is_signed = x.type == DataType::kInt8;
    context.Parallel(batch, [&](size_t b) {
      const size_t at = b * channels * pixels;
      uint8_t* to = image.As<uint8_t>() + at;
      Transpose8()(x.As<uint8_t>() + at, channels, pixels, pixels, to, channels);
      if (is_signed) TurnSigns(to, channels * pixels, to);
    });
    const Tensor* x_zero = inputs.size() > kXZeroPoint ? inputs[kXZeroPoint] : nullptr;
    uint8_t zero_value = static_cast<uint8_t>(ZeroPointAt(x_zero, 0) + (is_signed ? 128 : 0));
    Tensor zero{DataType::kUint8, {}, &zero_value};
    const TensorList arguments{&image, inputs[kW], nullptr, nullptr, nullptr, &zero, nullptr};
    std::vector<Tensor> results(1);
    results[0].type = DataType::kInt32;
    layer.Shape(arguments, results);
    results[0].data = context.Scratch(results[0].Bytes());
    layer.Run(arguments, results, context);

    const size_t out_channels = static_cast<size_t>(outputs[0].dims[1]);
    const size_t out_pixels = outputs[0].dims.Count(2, outputs[0].dims.Rank());
    context.Parallel(batch, [&](size_t b) {
      const size_t at = b * out_channels * out_pixels;
      Transpose32()(results[0].As<uint32_t>() + at, out_pixels, out_channels, out_channels,
                    outputs[0].As<uint32_t>() + at, out_pixels);
    });
  }

  std::string Note() const override { return made_ == nullptr ? "packed in each run" : made_->Note(); }
  size_t PackedBytes() const override { return made_ == nullptr ? 0 : made_->PackedBytes(); }

 private:
  static const Tensor* WZero(const TensorList& inputs) {
    return inputs.size() > kWZeroPoint ? inputs[kWZeroPoint] : nullptr;
  }

  void CheckKernel(const Tensor& w) const {
    if (w.dims.Rank() != 3 && w.dims.Rank() != 4) {
      Refuse("ERR_ENGINE_SHAPE", "w: expected three or four dimensions, received " + w.dims.Text());
    }
    const std::vector<int64_t> shape = attributes_.Ints("kernel_shape");
    if (shape.empty()) return;
    bool same = shape.size() == w.dims.Rank() - 2;
    for (size_t i = 0; same && i < shape.size(); ++i) same = shape[i] == w.dims[i + 2];
    if (!same) Refuse("ERR_ENGINE_SHAPE", "kernel_shape: expected that of w " + w.dims.Text());
  }

  // The attributes in this run, with the padding that auto_pad means.
  ConvAttributes AttributesFor(const TensorList& inputs) const {
    ConvAttributes conv = ConvAttributesOf(kType, attributes_, inputs[kW]->dims);
    if (auto_pad_ == "NOTSET") return conv;
    const Dims& x = inputs[kX]->dims;
    for (size_t axis = 2 - conv.spatial; axis < 2; ++axis) AutoPad(x[conv.spatial + axis], axis, &conv);
    return conv;
  }
  void AutoPad(int64_t size, size_t axis, ConvAttributes* conv) const {
    conv->pad_begin[axis] = conv->pad_end[axis] = 0;
    if (auto_pad_ == "VALID") return;
    const auto stride = static_cast<int64_t>(conv->stride[axis]);
    const auto reach = static_cast<int64_t>(conv->dilation[axis] * (conv->kernel[axis] - 1) + 1);
    const int64_t outputs = (size + stride - 1) / stride;
    const int64_t all = std::max<int64_t>((outputs - 1) * stride + reach - size, 0);
    conv->pad_begin[axis] = static_cast<size_t>(auto_pad_ == "SAME_UPPER" ? all / 2 : all - all / 2);
    conv->pad_end[axis] = static_cast<size_t>(all) - conv->pad_begin[axis];
  }
  static std::vector<double> Pads(const ConvAttributes& conv) {
    std::vector<double> pads;
    for (const size_t* side : {conv.pad_begin, conv.pad_end}) {
      for (size_t axis = 2 - conv.spatial; axis < 2; ++axis) pads.push_back(static_cast<double>(side[axis]));
    }
    return pads;
  }

  // The layer with these weights. `pads` count only where they are not the attribute's.
  std::unique_ptr<Operator> Make(const Tensor& w, const Tensor* w_zero, const std::vector<double>& pads) const {
    OperatorSpec spec;
    spec.type = "Int8Conv";
    for (const char* name : {"strides", "dilations"}) Copy(name, &spec.attributes);
    if (auto_pad_ == "NOTSET") {
      Copy("pads", &spec.attributes);
    } else {
      spec.attributes.SetNumbers("pads", pads);
    }
    spec.attributes.SetNumbers("group", {static_cast<double>(attributes_.Int("group", 1))});
    spec.attributes.SetText("result", "int32");
    std::vector<double> zeros;
    for (size_t i = 0; w_zero != nullptr && i < w_zero->Count(); ++i) zeros.push_back(ZeroPointAt(w_zero, i));
    if (!zeros.empty()) spec.attributes.SetNumbers("w_zero_points", zeros);
    spec.inputs.resize(7);
    spec.inputs[kInt8X] = {true, DataType::kUint8, nullptr};
    spec.inputs[kInt8W] = {true, w.type, &w};
    spec.inputs[kInt8XZeroPoint] = {true, DataType::kUint8, nullptr};
    spec.outputs = {DataType::kInt32};
    spec.released.assign(7, false);
    return MakeInt8Conv(spec);
  }
  void Copy(const char* name, Attributes* to) const {
    const std::vector<int64_t> values = attributes_.Ints(name);
    if (!values.empty()) to->SetNumbers(name, std::vector<double>(values.begin(), values.end()));
  }

  Attributes attributes_;
  std::string auto_pad_;
  std::unique_ptr<Operator> made_;  // null: weights or padding are known only in a run
};

}  // namespace

std::unique_ptr<Operator> MakeConvInteger(OperatorSpec& spec) {
  if (!spec.Has(kX) || !spec.Has(kW) || spec.inputs.size() > 4 || spec.outputs.size() != 1) {
    throw EngineError{"ERR_ENGINE_PROGRAM", "ConvInteger: expected inputs x and w, zero points, and one output"};
  }
  RequireByteType(spec, kX, "x");
  RequireByteType(spec, kW, "w");
  for (size_t i : {kXZeroPoint, kWZeroPoint}) {
    if (spec.Has(i)) RequireByteType(spec, i, "zero point");
  }
  if (spec.outputs[0] != DataType::kInt32) throw EngineError{"ERR_ENGINE_TYPE", "ConvInteger: expected int32 y"};
  return std::make_unique<ConvIntegerOperator>(spec);
}

}  // namespace gossamer
