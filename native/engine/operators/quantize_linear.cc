// QuantizeLinear and DequantizeLinear: a tensor, an axis or blocks.
#include <algorithm>
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
    } else if (given->type == DataType::kInt32) {
      zero_points[i] = given->As<int32_t>()[i];
    } else {
      zero_points[i] = given->type == DataType::kInt8 ? given->As<int8_t>()[i] : given->As<uint8_t>()[i];
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

class QuantizeOperator : public Operator {
 public:
  QuantizeOperator(DataType type, int64_t axis, int64_t block_size)
      : range_(type == DataType::kInt8 ? CodeRange{-128, 127} : CodeRange{0, 255}), axis_(axis), block_(block_size) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    LayoutOf("QuantizeLinear", inputs, axis_, block_);  // refuses what does not fit
    CheckZeroPoint("QuantizeLinear", inputs);
    outputs[0].dims = inputs[0]->dims;
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const float* x = inputs[0]->As<float>();
    uint8_t* y = outputs[0].As<uint8_t>();
    const TensorLayout layout = LayoutOf("QuantizeLinear", inputs, axis_, block_);
    ForSegments(inputs, layout, context, [&](const Segment& s, const float* scale, const int32_t* zero_point) {
      if (s.each) {
        QuantizeAffineEach()(x + s.offset, s.count, scale, zero_point, range_, y + s.offset);
      } else {
        QuantizeAffine()(x + s.offset, s.count, {*scale, *zero_point}, range_, y + s.offset);
      }
    });
  }

 private:
  CodeRange range_;
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
    float* y = outputs[0].As<float>();
    const bool is_signed = x.type == DataType::kInt8;
    const TensorLayout layout = LayoutOf("DequantizeLinear", inputs, axis_, block_);
    ForSegments(inputs, layout, context, [&](const Segment& s, const float* scale, const int32_t* zero_point) {
      if (x.type == DataType::kInt32) {
        const int32_t* codes = x.As<int32_t>() + s.offset;
        for (size_t i = 0; i < s.count; ++i) {
          const size_t p = s.each ? i : 0;
          y[s.offset + i] = static_cast<float>(static_cast<int64_t>(codes[i]) - zero_point[p]) * scale[p];
        }
      } else if (s.each) {
        DequantizeAffineEach()(x.As<uint8_t>() + s.offset, s.count, is_signed, scale, zero_point, y + s.offset);
      } else {
        DequantizeAffine()(x.As<uint8_t>() + s.offset, s.count, is_signed, {*scale, *zero_point}, y + s.offset);
      }
    });
  }

 private:
  int64_t axis_, block_;
};

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
  if (spec.outputs[0] != DataType::kUint8 && spec.outputs[0] != DataType::kInt8) {
    RefuseType("QuantizeLinear output", "uint8 or int8", spec.outputs[0]);
  }
  return std::make_unique<QuantizeOperator>(spec.outputs[0], spec.attributes.Int("axis", 1), BlockSize(spec));
}

std::unique_ptr<Operator> MakeDequantizeLinear(OperatorSpec& spec) {
  CheckArity(spec, 2, 3);
  const DataType type = spec.inputs[0].type;
  if (type != DataType::kUint8 && type != DataType::kInt8 && type != DataType::kInt32) {
    RefuseType("DequantizeLinear input", "uint8, int8 or int32", type);
  }
  CheckType(spec, 1, DataType::kFloat32);
  CheckType(spec, 2, type);
  CheckOutputType(spec, 0, DataType::kFloat32);
  return std::make_unique<DequantizeOperator>(spec.attributes.Int("axis", 1), BlockSize(spec));
}

}  // namespace gossamer
