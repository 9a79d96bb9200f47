#include "engine/operators/arguments.h"

#include <algorithm>
#include <limits>

namespace gossamer {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

std::string Name(const OperatorSpec& spec, const char* kind, size_t i) {
  return spec.type + " " + kind + " " + std::to_string(i);
}

}  // namespace

void RefuseProgram(const std::string& op, const std::string& expected, const std::string& received) {
  throw EngineError{"ERR_ENGINE_PROGRAM", op + ": expected " + expected + ", received " + received};
}
void RefuseShape(const std::string& what, const std::string& expected, const std::string& received) {
  throw EngineError{"ERR_ENGINE_SHAPE", what + ": expected " + expected + ", received " + received};
}
void RefuseValue(const std::string& what, const std::string& expected, const std::string& received) {
  throw EngineError{"ERR_ENGINE_VALUE", what + ": expected " + expected + ", received " + received};
}
void RefuseType(const std::string& what, const std::string& expected, DataType received) {
  throw EngineError{"ERR_ENGINE_TYPE", what + ": expected " + expected + ", received " + DataTypeName(received)};
}

void CheckArity(const OperatorSpec& spec, size_t required, size_t allowed, size_t outputs) {
  for (size_t i = 0; i < required; ++i) {
    if (!spec.Has(i)) RefuseProgram(Name(spec, "input", i), "a tensor", "none");
  }
  if (spec.inputs.size() > allowed) {
    RefuseProgram(spec.type, "at most " + std::to_string(allowed) + " inputs", std::to_string(spec.inputs.size()));
  }
  if (spec.outputs.empty() || spec.outputs.size() > outputs) {
    RefuseProgram(spec.type, "1 to " + std::to_string(outputs) + " outputs", std::to_string(spec.outputs.size()));
  }
}

void CheckSameType(const OperatorSpec& spec, size_t output, size_t input) {
  if (output >= spec.outputs.size() || !spec.Has(input)) return;
  if (spec.outputs[output] != spec.inputs[input].type) {
    RefuseType(Name(spec, "output", output), DataTypeName(spec.inputs[input].type), spec.outputs[output]);
  }
}

void CheckIntegers(const OperatorSpec& spec, size_t input) {
  if (!spec.Has(input)) return;
  const DataType type = spec.inputs[input].type;
  if (type != DataType::kInt32 && type != DataType::kInt64) RefuseType(Name(spec, "input", input), "int32 or int64", type);
}

void CheckType(const OperatorSpec& spec, size_t input, DataType type) {
  if (!spec.Has(input) || spec.inputs[input].type == type) return;
  RefuseType(Name(spec, "input", input), DataTypeName(type), spec.inputs[input].type);
}

void CheckOutputType(const OperatorSpec& spec, size_t output, DataType type) {
  if (output >= spec.outputs.size() || spec.outputs[output] == type) return;
  RefuseType(Name(spec, "output", output), DataTypeName(type), spec.outputs[output]);
}

size_t NormalAxis(const char* op, int64_t axis, size_t rank) {
  const int64_t axes = static_cast<int64_t>(rank);
  if (axis < -axes || axis >= axes) {
    RefuseShape(std::string(op) + " axis", "one of " + std::to_string(rank) + " axes", std::to_string(axis));
  }
  return static_cast<size_t>(axis < 0 ? axis + axes : axis);
}

Integers ReadIntegers(const char* what, const Tensor& tensor, size_t most) {
  most = std::min(most, 2 * kMaxRank);
  if (tensor.dims.Rank() > 1 || tensor.Count() > most) {
    RefuseShape(what, "at most " + std::to_string(most) + " numbers", tensor.dims.Text());
  }
  Integers integers;
  integers.count = tensor.Count();
  for (size_t i = 0; i < integers.count; ++i) integers.values[i] = IntegerAt(tensor, i);
  return integers;
}

Integers ReadIntegers(const char* what, const std::vector<int64_t>& values, size_t most) {
  most = std::min(most, 2 * kMaxRank);
  if (values.size() > most) {
    RefuseShape(what, "at most " + std::to_string(most) + " numbers", std::to_string(values.size()));
  }
  Integers integers;
  integers.count = values.size();
  std::copy(values.begin(), values.end(), integers.values);
  return integers;
}

int64_t ScalarInteger(const char* what, const Tensor* tensor, int64_t otherwise) {
  if (tensor == nullptr) return otherwise;
  if (tensor->Count() != 1) RefuseShape(what, "one number", tensor->dims.Text());
  return IntegerAt(*tensor, 0);
}

int64_t SumOfSizes(int64_t a, int64_t b) { return a > kMost - b ? kMost : a + b; }
int64_t ProductOfSizes(int64_t a, int64_t b) { return b != 0 && a > kMost / b ? kMost : a * b; }

void StridesOf(const Dims& dims, ptrdiff_t* strides) {
  ptrdiff_t stride = 1;
  for (size_t a = dims.Rank(); a-- > 0;) {
    strides[a] = stride;
    stride *= static_cast<ptrdiff_t>(dims[a]);
  }
}

void RunCopy(const StridedCopy& copy, RunContext& context) {
  if (copy.Tasks() <= 1) return copy.RunAll();
  context.Parallel(copy.Tasks(), [&](size_t task) { copy.Run(task); });
}

void CopyBytes(const void* x, void* y, size_t bytes, RunContext& context) {
  const CopyAxis axis{bytes, 1, 1};
  RunCopy(StridedCopy(x, y, 1, &axis, 1), context);
}

Tiling TilesFor(size_t count, size_t cost) {
  constexpr size_t kTileCost = 65536;  // of the order of 20 to 50 microseconds
  const size_t tile = std::max<size_t>(kTileCost / std::max<size_t>(cost, 1), 1);
  return {tile, count / tile + (count % tile != 0 ? 1 : 0)};
}

}  // namespace gossamer
