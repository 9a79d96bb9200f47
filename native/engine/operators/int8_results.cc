#include "engine/operators/int8_results.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "engine/activation.h"
#include "kernels/fixed_point.h"

namespace gossamer {
namespace {

constexpr size_t kOutputSlack = 64;
// Below 2^31 by more than the rounding of a product in float32.
constexpr double kLargestResult = 2147483000.0;
// 255 times this, twice, stays below 2^31.
constexpr float kLargestRatio = 4.0e6f;

float Element(const Tensor& tensor, size_t i) { return tensor.As<float>()[i]; }

void RequireScalar(const std::string& type, const Tensor& tensor, const char* name) {
  if (tensor.Count() != 1)
    RefuseInt8(type, "ERR_ENGINE_SHAPE", std::string(name) + ": expected one element, received " + tensor.dims.Text());
}

void RequireType(const OperatorSpec& spec, size_t i, std::initializer_list<DataType> types, const char* name) {
  if (!spec.Has(i)) return;
  std::string expected;
  for (DataType type : types) {
    if (spec.inputs[i].type == type) return;
    expected += (expected.empty() ? "" : " or ") + std::string(DataTypeName(type));
  }
  RefuseInt8(spec.type, "ERR_ENGINE_TYPE",
             std::string(name) + ": expected " + expected + ", received " + DataTypeName(spec.inputs[i].type));
}

const Tensor& RequireConstant(const OperatorSpec& spec, size_t i, size_t count, const char* name) {
  const Tensor* tensor = spec.Constant(i);
  if (tensor == nullptr) RefuseInt8(spec.type, "ERR_ENGINE_PROGRAM", std::string(name) + ": expected a constant");
  if (tensor->Count() != count) {
    RefuseInt8(
        spec.type, "ERR_ENGINE_SHAPE",
        std::string(name) + ": expected " + std::to_string(count) + " elements, received " + tensor->dims.Text());
  }
  return *tensor;
}

int32_t ByteAttribute(const OperatorSpec& spec, const char* name, int64_t otherwise) {
  const int64_t value = spec.attributes.Int(name, otherwise);
  if (value < 0 || value > 255) {
    RefuseInt8(spec.type, "ERR_ENGINE_PROGRAM",
               std::string(name) + ": expected 0 to 255, received " + std::to_string(value));
  }
  return static_cast<int32_t>(value);
}

float Finite(const OperatorSpec& spec, const char* name, float value) {
  if (!std::isfinite(value)) {
    RefuseInt8(spec.type, "ERR_ENGINE_PROGRAM", std::string(name) + ": expected a finite number");
  }
  return value;
}

// Sums of the magnitudes of w - zero above 0 and below, exact.
std::pair<double, double> Magnitudes(const int8_t* w, size_t count, int32_t zero) {
  constexpr size_t kBlock = 1 << 20;  // 255 times this fits into 32 bits
  double positive = 0, negative = 0;
  for (size_t first = 0; first < count; first += kBlock) {
    int32_t above = 0, below = 0;
    for (size_t k = first; k < std::min(count, first + kBlock); ++k) {
      const int32_t v = w[k] - zero;
      above += std::max(v, 0);
      below -= std::min(v, 0);
    }
    positive += above;
    negative += below;
  }
  return {positive, negative};
}

}  // namespace

void RefuseInt8(const std::string& type, const char* code, const std::string& what) {
  throw EngineError{code, type + ": " + what};
}

std::vector<int8_t> Int8WeightElements(const OperatorSpec& spec) {
  RequireType(spec, kInt8W, {DataType::kInt8, DataType::kUint8}, "w");
  const Tensor* w = spec.Constant(kInt8W);
  if (w == nullptr) RefuseInt8(spec.type, "ERR_ENGINE_PROGRAM", "w: expected a constant");
  std::vector<int8_t> elements(w->As<int8_t>(), w->As<int8_t>() + w->Count());
  if (w->type == DataType::kUint8) {
    for (int8_t& element : elements) element = static_cast<int8_t>(static_cast<uint8_t>(element) ^ 0x80u);
  }
  return elements;
}

Int8Results::Int8Results(const OperatorSpec& spec, const int8_t* w, size_t outputs, size_t depth)
    : type_(spec.type),
      outputs_(outputs),
      depth_(depth),
      residual_type_(spec.Has(kInt8Residual) ? spec.inputs[kInt8Residual].type : DataType::kUint8),
      has_residual_(spec.Has(kInt8Residual)),
      has_x_scale_(spec.Has(kInt8XScale)),
      has_x_zero_point_(spec.Has(kInt8XZeroPoint)),
      bias_(outputs + kOutputSlack),
      weight_zero_(outputs + kOutputSlack),
      weight_sums_(outputs + kOutputSlack),
      scale_(outputs + kOutputSlack),
      offset_(outputs + kOutputSlack) {
  RequireType(spec, kInt8X, {DataType::kUint8}, "x");
  RequireType(spec, kInt8Bias, {DataType::kInt32}, "bias");
  RequireType(spec, kInt8XScale, {DataType::kFloat32}, "x_scale");
  RequireType(spec, kInt8XZeroPoint, {DataType::kUint8}, "x_zero_point");
  RequireType(spec, kInt8Offset, {DataType::kFloat32}, "offset");
  if (!spec.Has(kInt8X) || spec.outputs.size() != 1) {
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "expected an input x and one output");
  }
  const std::string result = spec.attributes.Text("result", "quantized");
  DataType expected = DataType::kUint8;
  if (result == "int32") {
    kind_ = Int8Result::kInt32;
    expected = DataType::kInt32;
  } else if (result == "float") {
    kind_ = Int8Result::kFloat;
    expected = DataType::kFloat32;
  } else if (result == "quantized") {
    kind_ = Int8Result::kQuantized;
  } else {
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "result: expected int32, float or quantized, received " + result);
  }
  if (spec.outputs[0] != expected) {
    RefuseInt8(type_, "ERR_ENGINE_TYPE",
               std::string("y: expected ") + DataTypeName(expected) + ", received " + DataTypeName(spec.outputs[0]));
  }
  if (spec.Has(kInt8Bias)) {
    const Tensor& bias = RequireConstant(spec, kInt8Bias, outputs, "bias");
    std::copy(bias.As<int32_t>(), bias.As<int32_t>() + outputs, bias_.begin());
  }
  if (spec.Has(kInt8Offset)) {
    const Tensor& offset = RequireConstant(spec, kInt8Offset, outputs, "offset");
    std::copy(offset.As<float>(), offset.As<float>() + outputs, offset_.begin());
  }
  const std::vector<int64_t> zeros = spec.attributes.Ints("w_zero_points");
  if (zeros.size() > 1 && zeros.size() != outputs) {
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "w_zero_points: expected one or " + std::to_string(outputs));
  }
  const int64_t below = spec.inputs[kInt8W].type == DataType::kUint8 ? 128 : 0;
  for (size_t n = 0; n < outputs; ++n) {
    const int64_t zero = (zeros.empty() ? 0 : zeros[zeros.size() == 1 ? 0 : n]) - below;
    if (zero < -128 || zero > 127)
      RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "w_zero_points: expected numbers of w's type");
    weight_zero_[n] = static_cast<int32_t>(zero);
    has_weight_zero_ = has_weight_zero_ || zero != 0;
    uint32_t sum = 0;
    for (size_t k = 0; k < depth; ++k) sum += static_cast<uint32_t>(w[n * depth + k] - weight_zero_[n]);
    weight_sums_[n] = sum;
  }
  x_zero_point_ = static_cast<uint8_t>(ByteAttribute(spec, "x_zero_point", 0));
  output_.kind = kind_;
  output_.act = ActivationOf(spec.attributes);
  if (kind_ != Int8Result::kFloat && output_.act.kind != Activation::kNone) {
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "activation: expected none where the result is not float");
  }
  output_.zero_point = ByteAttribute(spec, "y_zero_point", 0);
  output_.low = ByteAttribute(spec, "low", 0);
  output_.high = ByteAttribute(spec, "high", 255);
  if (output_.low > output_.high) RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "low: expected no more than high");
  if (spec.attributes.Ints("multipliers").empty()) {
    ReadScales(spec, w);
  } else {
    ReadFixedPoints(spec);
  }
  ReadResidual(spec);
  folded_bias_.resize(bias_.size());
  FillBiases(x_zero_point_, folded_bias_.data());
}

void Int8Results::ReadScales(const OperatorSpec& spec, const int8_t* w) {
  if (kind_ == Int8Result::kInt32) return;
  const std::vector<float> scales = spec.attributes.Floats("scales");
  if (scales.size() != 1 && scales.size() != outputs_) {
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM",
               "scales: expected one or " + std::to_string(outputs_) + ", received " + std::to_string(scales.size()));
  }
  for (size_t n = 0; n < outputs_; ++n) {
    scale_[n] = Finite(spec, "scales", scales[scales.size() == 1 ? 0 : n]);
    if (kind_ != Int8Result::kQuantized) continue;
    const auto [positive, negative] = Magnitudes(w + n * depth_, depth_, weight_zero_[n]);
    const double up = has_x_zero_point_ ? 255 : 255 - x_zero_point_, down = has_x_zero_point_ ? 255 : x_zero_point_;
    const double most = std::max(positive * up + negative * down, positive * down + negative * up) +
                        std::abs(static_cast<double>(bias_[n]));
    const double bound = std::min(std::max(most, 1.0), 2147483648.0);  // sums wrap
    const double limit = kLargestResult / bound;
    if (std::abs(static_cast<double>(scale_[n])) > limit) {
      scale_[n] = std::copysign(std::nextafter(static_cast<float>(limit), 0.0f), scale_[n]);
    }
  }
}

void Int8Results::ReadFixedPoints(const OperatorSpec& spec) {
  if (kind_ != Int8Result::kQuantized) {
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "multipliers: expected none where the result is not quantized");
  }
  const std::vector<int64_t> multipliers = spec.attributes.Ints("multipliers"),
                             exponents = spec.attributes.Ints("exponents");
  if ((multipliers.size() != 1 && multipliers.size() != outputs_) || exponents.size() != multipliers.size()) {
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM",
               "multipliers and exponents: expected one of each or " + std::to_string(outputs_) + ", received " +
                   std::to_string(multipliers.size()) + " and " + std::to_string(exponents.size()));
  }
  for (std::vector<int32_t>* each : {&multiplier_, &left_, &right_}) each->resize(scale_.size());
  // |x - x_zero| |w - w_zero| of one product, at most.
  const uint64_t product = 255 * (has_weight_zero_ ? 255 : 128);
  for (size_t n = 0; n < outputs_; ++n) {
    const size_t i = multipliers.size() == 1 ? 0 : n;
    if (!IsFixedPoint(multipliers[i], exponents[i])) {
      RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "multipliers: expected 0 or 2^30 to 2^31 - 1, exponents: -1000 to 1000");
    }
    const uint64_t most = product * depth_ + static_cast<uint64_t>(std::abs(static_cast<int64_t>(bias_[n])));
    const FixedPoint factor =
        FixedPointOf(static_cast<int32_t>(multipliers[i]), static_cast<int32_t>(exponents[i]), Headroom(most));
    multiplier_[n] = factor.multiplier;
    left_[n] = factor.left;
    right_[n] = factor.right;
  }
}

void Int8Results::ReadResidual(const OperatorSpec& spec) {
  output_.sum_high = 255;
  if (!has_residual_) return;
  if (!multiplier_.empty()) {
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "residual: expected none with multipliers");
  }
  if (kind_ == Int8Result::kInt32) RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "residual: expected none where y is int32");
  const DataType type = kind_ == Int8Result::kFloat ? DataType::kFloat32 : DataType::kUint8;
  RequireType(spec, kInt8Residual, {type}, "residual");
  if (kind_ == Int8Result::kFloat) return;
  const auto ratio = [&](const char* name) {
    const float value = Finite(spec, name, spec.attributes.Float(name, 1));
    return std::min(std::max(value, -kLargestRatio), kLargestRatio);
  };
  output_.own_ratio = ratio("own_ratio");
  output_.residual_ratio = ratio("residual_ratio");
  output_.residual_zero = ByteAttribute(spec, "residual_zero_point", 0);
  output_.sum_zero = ByteAttribute(spec, "sum_zero_point", 0);
  output_.sum_low = ByteAttribute(spec, "sum_low", 0);
  output_.sum_high = ByteAttribute(spec, "sum_high", 255);
  if (output_.sum_low > output_.sum_high)
    RefuseInt8(type_, "ERR_ENGINE_PROGRAM", "sum_low: expected no more than sum_high");
}

// sum (x - zx) (w - zw) + b = p - zw * row_sum + (b - zx * sum (w - zw)).
void Int8Results::FillBiases(uint8_t x_zero_point, int32_t* biases) const {
  const uint32_t zero = x_zero_point;
  for (size_t n = 0; n < bias_.size(); ++n) {
    biases[n] = static_cast<int32_t>(static_cast<uint32_t>(bias_[n]) - zero * weight_sums_[n]);
  }
}

void Int8Results::Check(const TensorList& inputs, const Tensor& y) const {
  if (has_residual_ && inputs[kInt8Residual]->dims != y.dims) {
    RefuseInt8(type_, "ERR_ENGINE_SHAPE",
               "residual: expected " + y.dims.Text() + ", received " + inputs[kInt8Residual]->dims.Text());
  }
  if (has_x_scale_) RequireScalar(type_, *inputs[kInt8XScale], "x_scale");
  if (has_x_zero_point_) RequireScalar(type_, *inputs[kInt8XZeroPoint], "x_zero_point");
}

uint8_t Int8Results::XZeroPoint(const TensorList& inputs) const {
  return has_x_zero_point_ ? *inputs[kInt8XZeroPoint]->As<uint8_t>() : x_zero_point_;
}

Int8Output Int8Results::Prepare(const TensorList& inputs, const Tensor& y, RunContext& context) const {
  Int8Output output = output_;
  output.bias = folded_bias_.data();
  output.weight_zero = weight_zero_.data();
  output.scale = scale_.data();
  output.offset = offset_.data();
  if (!multiplier_.empty()) {
    output.multiplier = multiplier_.data();
    output.left = left_.data();
    output.right = right_.data();
  }
  output.y = y.data;
  output.y_stride = outputs_;
  if (has_residual_) {
    output.residual = inputs[kInt8Residual]->data;
    output.residual_stride = outputs_;
  }
  if (has_x_zero_point_) {
    int32_t* bias = static_cast<int32_t*>(context.Scratch(bias_.size() * sizeof(int32_t)));
    FillBiases(XZeroPoint(inputs), bias);
    output.bias = bias;
  }
  if (has_x_scale_ && kind_ == Int8Result::kFloat) {
    const float x_scale = Element(*inputs[kInt8XScale], 0);
    float* scale = static_cast<float*>(context.Scratch(scale_.size() * sizeof(float)));
    for (size_t n = 0; n < scale_.size(); ++n) scale[n] = x_scale * scale_[n];
    output.scale = scale;
  }
  return output;
}

Int8Output Int8Results::From(const Int8Output& output, size_t first) const {
  Int8Output moved = output;
  moved.bias += first;
  moved.weight_zero += first;
  moved.scale += first;
  moved.offset += first;
  if (output.multiplier != nullptr) {
    moved.multiplier += first;
    moved.left += first;
    moved.right += first;
  }
  moved.y = static_cast<uint8_t*>(output.y) + first * ResultBytes();
  if (moved.residual != nullptr) moved.residual = static_cast<const uint8_t*>(output.residual) + first * ResultBytes();
  return moved;
}

}  // namespace gossamer
