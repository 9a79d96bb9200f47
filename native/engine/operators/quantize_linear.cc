// QuantizeLinear and DequantizeLinear: a tensor, an axis or blocks.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/operators/axis.h"
#include "kernels/granularity.h"
#include "kernels/quantize_affine/quantize_affine.h"

namespace gossamer {
namespace {

constexpr size_t kCost = 1;

TensorLayout LayoutOf(const char* op, const TensorList& inputs, int64_t axis, int64_t block_size) {
  const Dims &x = inputs[0]->dims, &scale = inputs[1]->dims;
  if (scale.Rank() == 0 || (scale.Rank() == 1 && scale[0] == 1 && block_size == 0)) {
    return {Granularity::kPerTensor, 1, x.Count(), 1, 1};
  }
  const size_t normal = NormalAxis(op, axis, x.Rank());
  const AxisView view = ViewAxes(x, normal, normal + 1);
  TensorLayout layout{block_size == 0 ? Granularity::kPerAxis : Granularity::kPerBlock, view.outer, view.size,
                      view.inner, static_cast<size_t>(std::max<int64_t>(block_size, 1))};
  bool fits = scale.Rank() == (block_size == 0 ? 1 : x.Rank()) && scale.Count() == layout.ParameterCount();
  for (size_t d = 0; fits && block_size != 0 && d < x.Rank(); ++d) {
    const size_t expected = d == normal ? layout.BlocksPerAxis() : static_cast<size_t>(x[d]);
    fits = static_cast<size_t>(scale[d]) == expected;
  }
  if (!fits) {
    RefuseShape(std::string(op) + " scale", "as many as " + x.Text() + " has along axis " + std::to_string(normal),
                scale.Text());
  }
  return layout;
}

void CheckZeroPoint(const char* op, const TensorList& inputs) {
  const Tensor* zero_point = Optional(inputs, 2);
  if (zero_point != nullptr && zero_point->Count() != inputs[1]->Count()) {
    RefuseShape(std::string(op) + " zero point", "as many as scales", zero_point->dims.Text());
  }
}

// All zero points as int32; 0 where the input is left out.
const int32_t* ZeroPoints(const TensorList& inputs, RunContext& context) {
  const size_t count = inputs[1]->Count();
  int32_t* zero_points = static_cast<int32_t*>(context.Scratch(count * sizeof(int32_t)));
  const Tensor* given = Optional(inputs, 2);
  for (size_t i = 0; i < count; ++i) {
    if (given == nullptr) {
      zero_points[i] = 0;
    } else {
      switch (given->type) {
        case DataType::kInt32: zero_points[i] = given->As<int32_t>()[i]; break;
        case DataType::kInt16: zero_points[i] = given->As<int16_t>()[i]; break;
        case DataType::kUint16: zero_points[i] = given->As<uint16_t>()[i]; break;
        case DataType::kInt8: zero_points[i] = given->As<int8_t>()[i]; break;
        default: zero_points[i] = given->As<uint8_t>()[i]; break;
      }
    }
  }
  return zero_points;
}

// Calls body(segment, scale, zero_point) for stretches with one parameter or with consecutive ones.
template <class Body>
void ForSegments(const TensorList& inputs, const TensorLayout& layout, RunContext& context, const Body& body) {
  const float* scale = inputs[1]->As<float>();
  const int32_t* zero_point = ZeroPoints(inputs, context);
  ForTiles(context, layout.Count(), kCost, [&](size_t first, size_t end) {
    while (first < end) {
      const Segment s = SegmentAt(layout, first, end);
      body(s, scale + s.parameter, zero_point + s.parameter);
      first += s.count;
    }
  });
}

// Codes of 16 and 32 bits, by the formulas of quantize_affine.
template <class T>
void QuantizeWide(const float* x, const Segment& s, const float* scale, const int32_t* zero_point, T* y) {
  for (size_t i = 0; i < s.count; ++i) {
    const size_t p = s.each ? i : 0;
    const float lo = static_cast<float>(std::numeric_limits<T>::min() - zero_point[p]);
    const float hi = static_cast<float>(std::numeric_limits<T>::max() - zero_point[p]);
    const float v = x[i] / scale[p], raised = v > lo ? v : lo;  // NaN fails the comparison
    y[i] = static_cast<T>(static_cast<int32_t>(std::nearbyint(raised < hi ? raised : hi)) + zero_point[p]);
  }
}
template <class T>
void DequantizeWide(const T* x, const Segment& s, const float* scale, const int32_t* zero_point, float* y) {
  for (size_t i = 0; i < s.count; ++i) {
    const size_t p = s.each ? i : 0;
    y[i] = static_cast<float>(static_cast<int64_t>(x[i]) - zero_point[p]) * scale[p];
  }
}

class QuantizeOperator : public Operator {
 public:
  QuantizeOperator(DataType type, int64_t axis, int64_t block_size) : type_(type), axis_(axis), block_(block_size) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    LayoutOf("QuantizeLinear", inputs, axis_, block_);  // refuses what does not fit
    CheckZeroPoint("QuantizeLinear", inputs);
    outputs[0].dims = inputs[0]->dims;
  }
  bool ReadsOnlyElements(size_t input) const override { return input == 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Tensor& y = outputs[0];
    const CodeRange range = type_ == DataType::kInt8 ? CodeRange{-128, 127} : CodeRange{0, 255};
    const TensorLayout layout = LayoutOf("QuantizeLinear", inputs, axis_, block_);
    ForSegments(inputs, layout, context, [&](const Segment& s, const float* scale, const int32_t* zero_point) {
      const float* x = inputs[0]->As<float>() + s.offset;
      if (type_ == DataType::kInt16) return QuantizeWide(x, s, scale, zero_point, y.As<int16_t>() + s.offset);
      if (type_ == DataType::kUint16) return QuantizeWide(x, s, scale, zero_point, y.As<uint16_t>() + s.offset);
      if (s.each) return QuantizeAffineEach()(x, s.count, scale, zero_point, range, y.As<uint8_t>() + s.offset);
      QuantizeAffine()(x, s.count, {*scale, *zero_point}, range, y.As<uint8_t>() + s.offset);
    });
  }

 private:
  DataType type_;
  int64_t axis_, block_;
};

class DequantizeOperator : public Operator {
 public:
  DequantizeOperator(int64_t axis, int64_t block_size) : axis_(axis), block_(block_size) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    LayoutOf("DequantizeLinear", inputs, axis_, block_);
    CheckZeroPoint("DequantizeLinear", inputs);
    outputs[0].dims = inputs[0]->dims;
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Tensor& x = *inputs[0];
    const bool is_signed = x.type == DataType::kInt8;
    const TensorLayout layout = LayoutOf("DequantizeLinear", inputs, axis_, block_);
    ForSegments(inputs, layout, context, [&](const Segment& s, const float* scale, const int32_t* zero_point) {
      float* y = outputs[0].As<float>() + s.offset;
      if (x.type == DataType::kInt32) return DequantizeWide(x.As<int32_t>() + s.offset, s, scale, zero_point, y);
      if (x.type == DataType::kInt16) return DequantizeWide(x.As<int16_t>() + s.offset, s, scale, zero_point, y);
      if (x.type == DataType::kUint16) return DequantizeWide(x.As<uint16_t>() + s.offset, s, scale, zero_point, y);
      const uint8_t* codes = x.As<uint8_t>() + s.offset;
      if (s.each) return DequantizeAffineEach()(codes, s.count, is_signed, scale, zero_point, y);
      DequantizeAffine()(codes, s.count, is_signed, {*scale, *zero_point}, y);
    });
  }

 private:
  int64_t axis_, block_;
};

bool IsCode(DataType type) {
  return type == DataType::kUint8 || type == DataType::kInt8 || type == DataType::kUint16 || type == DataType::kInt16;
}

int64_t BlockSize(const OperatorSpec& spec) {
  const int64_t block_size = spec.attributes.Int("block_size", 0);
  if (block_size < 0) RefuseProgram(spec.type + " block_size", "0 or more", std::to_string(block_size));
  return block_size;
}

}  // namespace

std::unique_ptr<Operator> MakeQuantizeLinear(OperatorSpec& spec) {
  CheckArity(spec, 2, 3);
  CheckType(spec, 0, DataType::kFloat32);
  CheckType(spec, 1, DataType::kFloat32);
  CheckType(spec, 2, spec.outputs[0]);
  if (!IsCode(spec.outputs[0])) RefuseType("QuantizeLinear output", "an integer of 8 or 16 bits", spec.outputs[0]);
  return std::make_unique<QuantizeOperator>(spec.outputs[0], spec.attributes.Int("axis", 1), BlockSize(spec));
}

std::unique_ptr<Operator> MakeDequantizeLinear(OperatorSpec& spec) {
  CheckArity(spec, 2, 3);
  const DataType type = spec.inputs[0].type;
  if (!IsCode(type) && type != DataType::kInt32) {
    RefuseType("DequantizeLinear input", "int32 or an integer of 8 or 16 bits", type);
  }
  CheckType(spec, 1, DataType::kFloat32);
  CheckType(spec, 2, type);
  CheckOutputType(spec, 0, DataType::kFloat32);
  return std::make_unique<DequantizeOperator>(spec.attributes.Int("axis", 1), BlockSize(spec));
}

}  // namespace gossamer
