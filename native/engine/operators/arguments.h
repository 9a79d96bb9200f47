// What operators ask of their attributes and inputs before they rely on them. Every refusal is an EngineError that says
// what was expected and what was received.
#pragma once
#include <cstdint>
#include <string>

#include "engine/operator.h"
#include "kernels/strided_copy.h"

namespace gossamer {

[[noreturn]] void RefuseProgram(const std::string& op, const std::string& expected, const std::string& received);
[[noreturn]] void RefuseShape(const std::string& what, const std::string& expected, const std::string& received);
[[noreturn]] void RefuseValue(const std::string& what, const std::string& expected, const std::string& received);
[[noreturn]] void RefuseType(const std::string& what, const std::string& expected, DataType received);

// For factories: the first `required` inputs are there and no input is beyond `allowed`; `outputs` at most, one at least.
void CheckArity(const OperatorSpec& spec, size_t required, size_t allowed, size_t outputs = 1);
// Output i has the type of input j.
void CheckSameType(const OperatorSpec& spec, size_t output, size_t input);
// Input i, where it is there, is int32 or int64.
void CheckIntegers(const OperatorSpec& spec, size_t input);
void CheckType(const OperatorSpec& spec, size_t input, DataType type);
void CheckOutputType(const OperatorSpec& spec, size_t output, DataType type);

// Input i, or null where it is left out.
inline const Tensor* Optional(const TensorList& inputs, size_t i) { return i < inputs.size() ? inputs[i] : nullptr; }

// `axis`, counted from the end where negative; ERR_ENGINE_SHAPE unless it is in [-rank, rank).
size_t NormalAxis(const char* op, int64_t axis, size_t rank);

// Element i of an int32 or int64 tensor.
inline int64_t IntegerAt(const Tensor& tensor, size_t i) {
  return tensor.type == DataType::kInt32 ? tensor.As<int32_t>()[i] : tensor.As<int64_t>()[i];
}

// The few numbers of a tensor of axes, sizes or steps.
struct Integers {
  int64_t values[2 * kMaxRank];
  size_t count = 0;
  int64_t operator[](size_t i) const { return values[i]; }
};
// ERR_ENGINE_SHAPE for more than `most` of them, or a rank above 1.
Integers ReadIntegers(const char* what, const Tensor& tensor, size_t most);
Integers ReadIntegers(const char* what, const std::vector<int64_t>& values, size_t most);

// The only element of an int32 or int64 tensor; `otherwise` without a tensor.
int64_t ScalarInteger(const char* what, const Tensor* tensor, int64_t otherwise);

// Sizes of 0 or more; the largest int64 where the result does not fit, which Dims refuses.
int64_t SumOfSizes(int64_t a, int64_t b);
int64_t ProductOfSizes(int64_t a, int64_t b);

// In elements, for row-major order.
void StridesOf(const Dims& dims, ptrdiff_t* strides);

// The whole copy, shared out to threads where it is large.
void RunCopy(const StridedCopy& copy, RunContext& context);

// Bytes of all elements, shared out to threads where they are many.
void CopyBytes(const void* x, void* y, size_t bytes, RunContext& context);

// Tiles of `work` units each costing about `cost` elementary operations; one tile for what is small.
struct Tiling {
  size_t tile, tiles;
};
Tiling TilesFor(size_t count, size_t cost);
// Calls body(first, last) over [0, count) in such tiles.
template <class Body>
void ForTiles(RunContext& context, size_t count, size_t cost, const Body& body) {
  const Tiling tiling = TilesFor(count, cost);
  if (tiling.tiles <= 1) {
    if (count > 0) body(size_t{0}, count);
    return;
  }
  context.Parallel(tiling.tiles, [&](size_t i) {
    const size_t first = i * tiling.tile, end = first + tiling.tile;
    body(first, end < count ? end : count);
  });
}

}  // namespace gossamer
