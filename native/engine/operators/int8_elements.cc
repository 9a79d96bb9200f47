// What happens between the linear layers of a quantized network: Int8Binary, Int8Table, Int8Concat, all on uint8.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "engine/operators/axis.h"
#include "engine/operators/broadcast.h"
#include "engine/operators/map.h"
#include "kernels/binary_u8/binary_u8.h"
#include "kernels/table_u8/table_u8.h"

namespace gossamer {
namespace {

void CheckBytes(const OperatorSpec& spec) {
  for (size_t i = 0; i < spec.inputs.size(); ++i) CheckType(spec, i, DataType::kUint8);
  CheckOutputType(spec, 0, DataType::kUint8);
}

int32_t CodeAttribute(const OperatorSpec& spec, const char* name, int64_t otherwise) {
  const int64_t code = spec.attributes.Int(name, otherwise);
  if (code < 0 || code > 255) RefuseProgram(spec.type + " " + name, "0 to 255", std::to_string(code));
  return static_cast<int32_t>(code);
}

float CheckedScale(const std::string& name, float scale) {
  if (!(scale > 0) || std::isinf(scale)) RefuseProgram(name, "a finite number above 0", std::to_string(scale));
  return scale;
}

// Of attributes multipliers and exponents the i-th, for values that leave `left` bits free; there are `count` of each.
FixedPoint FixedAttribute(const OperatorSpec& spec, size_t i, size_t count, int32_t left) {
  const std::vector<int64_t> multipliers = spec.attributes.Ints("multipliers"),
                             exponents = spec.attributes.Ints("exponents");
  if (multipliers.size() != count || exponents.size() != count) {
    RefuseProgram(spec.type + " multipliers and exponents", std::to_string(count) + " of each",
                  std::to_string(multipliers.size()) + " and " + std::to_string(exponents.size()));
  }
  if (!IsFixedPoint(multipliers[i], exponents[i])) {
    RefuseProgram(spec.type + " multipliers", "0 or 2^30 to 2^31 - 1, exponents -1000 to 1000",
                  std::to_string(multipliers[i]));
  }
  return FixedPointOf(static_cast<int32_t>(multipliers[i]), static_cast<int32_t>(exponents[i]), left);
}

bool IsFixed(const OperatorSpec& spec) { return !spec.attributes.Ints("multipliers").empty(); }

// Differences of codes, below 2^8, leave this much: the headroom of sums and concatenations (Jacob et al., appendix A).
constexpr int32_t kCodeHeadroom = 20;
// Of products of two, below 2^16.
constexpr int32_t kProductHeadroom = 15;

void ReadFixedBinary(const OperatorSpec& spec, const std::string& operation, BinaryU8Spec& binary) {
  if (operation == "mul") {
    binary.kind = BinaryU8Kind::kFixedMul;
    binary.y = FixedAttribute(spec, 0, 1, kProductHeadroom);
    return;
  }
  binary.kind = operation == "add" ? BinaryU8Kind::kFixedAdd : BinaryU8Kind::kFixedSub;
  binary.a = FixedAttribute(spec, 0, 3, kCodeHeadroom);
  binary.b = FixedAttribute(spec, 1, 3, kCodeHeadroom);
  binary.y = FixedAttribute(spec, 2, 3, 0);
}

class BinaryBytes : public Operator {
 public:
  explicit BinaryBytes(const BinaryU8Spec& spec) : spec_(spec) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = BroadcastDims("Int8Binary", inputs.data(), 2);
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    constexpr size_t kCost = 1;
    const uint8_t *a = inputs[0]->As<uint8_t>(), *b = inputs[1]->As<uint8_t>();
    uint8_t* y = outputs[0].As<uint8_t>();
    const Broadcast plan = PlanBroadcast(outputs[0].dims, inputs.data(), 2);
    ForTiles(context, outputs[0].Count(), kCost, [&](size_t first, size_t end) {
      ForPieces<2>(plan, first, end, [&](size_t at, const size_t(&offsets)[2], size_t rows, size_t cols) {
        BinaryU8()(spec_, {a + offsets[0], plan.RowStride(0), plan.Step(0)},
                   {b + offsets[1], plan.RowStride(1), plan.Step(1)}, rows, cols, y + at);
      });
    });
  }

 private:
  BinaryU8Spec spec_;
};

struct Table {
  uint8_t entries[256];
};

// Along an axis; input i goes through its table, y = clamp(rne(float(q - zero_point) * ratio) + y_zero_point, 0, 255), in
// fixed point clamp(Requantize(q - zero_point) + y_zero_point, 0, 255).
class ConcatBytes : public Operator {
 public:
  ConcatBytes(std::vector<Table> tables, int64_t axis) : tables_(std::move(tables)), axis_(axis) {
    for (size_t i = 0; i < 256; ++i) identity_.entries[i] = static_cast<uint8_t>(i);
  }
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    const size_t axis = NormalAxis("Int8Concat", axis_, x.Rank());
    int64_t size = 0;
    for (const Tensor* input : inputs) {
      bool fits = input->dims.Rank() == x.Rank();
      for (size_t d = 0; fits && d < x.Rank(); ++d) fits = d == axis || input->dims[d] == x[d];
      if (!fits) RefuseShape("Int8Concat", "inputs like " + x.Text() + " but along the axis", input->dims.Text());
      size = SumOfSizes(size, input->dims[axis]);
    }
    Dims y;
    for (size_t d = 0; d < x.Rank(); ++d) y.Append(d == axis ? size : x[d]);
    outputs[0].dims = y;
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = outputs[0].dims;
    const size_t axis = NormalAxis("Int8Concat", axis_, dims.Rank());
    const size_t outer = dims.Count(0, axis), row = dims.Count(axis, dims.Rank());
    if (row == 0) return;
    ForTiles(context, outer, row / 8 + 1, [&](size_t first, size_t end) {
      size_t at = 0;
      for (size_t i = 0; i < inputs.size(); ++i) {
        const size_t own = inputs[i]->dims.Count(axis, dims.Rank());
        const uint8_t* x = inputs[i]->As<uint8_t>();
        const bool copied = std::memcmp(&tables_[i], &identity_, sizeof identity_) == 0;
        for (size_t r = first; own > 0 && r < end; ++r) {
          uint8_t* y = outputs[0].As<uint8_t>() + r * row + at;
          if (copied) {
            std::memcpy(y, x + r * own, own);
          } else {
            TableU8()(tables_[i].entries, x + r * own, own, y);
          }
        }
        at += own;
      }
    });
  }

 private:
  std::vector<Table> tables_;
  Table identity_;
  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeInt8Binary(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckBytes(spec);
  const auto scale = [&](const char* name) {
    return CheckedScale(spec.type + " " + name, spec.attributes.Float(name, 0));
  };
  const float a = scale("a_scale"), b = scale("b_scale"), y = scale("y_scale");
  BinaryU8Spec binary{};
  binary.a_zero = CodeAttribute(spec, "a_zero_point", 0);
  binary.b_zero = CodeAttribute(spec, "b_zero_point", 0);
  binary.y_zero = CodeAttribute(spec, "y_zero_point", 0);
  binary.low = CodeAttribute(spec, "low", 0);
  binary.high = CodeAttribute(spec, "high", 255);
  if (binary.low > binary.high) RefuseProgram("Int8Binary low", "at most high", std::to_string(binary.low));
  const std::string operation = spec.attributes.Text("operation", "");
  if (IsFixed(spec) && (operation == "add" || operation == "sub" || operation == "mul")) {
    ReadFixedBinary(spec, operation, binary);
  } else if (operation == "mul") {
    binary.kind = BinaryU8Kind::kMul;
    binary.a_ratio = a * b / y;
  } else if (operation == "add" || operation == "sub") {
    binary.kind = BinaryU8Kind::kAdd;
    binary.a_ratio = a / y;
    binary.b_ratio = operation == "add" ? b / y : -(b / y);
  } else {
    RefuseProgram("Int8Binary operation", "add, sub or mul", operation);
  }
  if (!std::isfinite(binary.a_ratio) || !std::isfinite(binary.b_ratio)) {
    RefuseProgram("Int8Binary y_scale", "ratios that are finite", std::to_string(y));
  }
  return std::make_unique<BinaryBytes>(binary);
}

std::unique_ptr<Operator> MakeInt8Table(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckBytes(spec);
  const std::vector<int64_t> entries = spec.attributes.Ints("table");
  if (entries.size() != 256) RefuseProgram("Int8Table table", "256 numbers", std::to_string(entries.size()));
  Table table;
  for (size_t i = 0; i < 256; ++i) {
    if (entries[i] < 0 || entries[i] > 255) RefuseProgram("Int8Table table", "0 to 255", std::to_string(entries[i]));
    table.entries[i] = static_cast<uint8_t>(entries[i]);
  }
  return MakeMap(
      spec, 1, [table](const uint8_t* x, size_t count, uint8_t* y) { TableU8()(table.entries, x, count, y); });
}

std::unique_ptr<Operator> MakeInt8Concat(OperatorSpec& spec) {
  CheckArity(spec, std::max<size_t>(spec.inputs.size(), 1), spec.inputs.size());
  CheckBytes(spec);
  const std::vector<float> scales = spec.attributes.Floats("scales");
  const std::vector<int64_t> zero_points = spec.attributes.Ints("zero_points");
  const float y_scale = CheckedScale("Int8Concat y_scale", spec.attributes.Float("y_scale", 0));
  const int32_t y_zero = CodeAttribute(spec, "y_zero_point", 0);
  if (scales.size() != spec.inputs.size() || zero_points.size() != spec.inputs.size()) {
    RefuseProgram("Int8Concat scales and zero_points", "one of each an input", std::to_string(scales.size()));
  }
  std::vector<Table> tables(scales.size());
  for (size_t i = 0; i < tables.size(); ++i) {
    const float ratio = CheckedScale("Int8Concat scale", scales[i]) / y_scale;
    if (zero_points[i] < 0 || zero_points[i] > 255) {
      RefuseProgram("Int8Concat zero point", "0 to 255", std::to_string(zero_points[i]));
    }
    const int32_t zero = static_cast<int32_t>(zero_points[i]);
    for (int32_t q = 0; q < 256; ++q) {
      if (IsFixed(spec)) {
        const int32_t y = Requantize(q - zero, FixedAttribute(spec, i, tables.size(), kCodeHeadroom));
        tables[i].entries[q] = static_cast<uint8_t>(std::clamp(y, -y_zero, 255 - y_zero) + y_zero);
        continue;
      }
      const float y = std::nearbyint(static_cast<float>(q - zero) * ratio);
      const float shifted = y + static_cast<float>(y_zero);
      tables[i].entries[q] = static_cast<uint8_t>(shifted > 0 ? std::min(shifted, 255.0f) : 0.0f);  // NaN: 0
    }
  }
  return std::make_unique<ConcatBytes>(std::move(tables), spec.attributes.Int("axis", 0));
}

}  // namespace gossamer
