#include "engine/operators/integer_products.h"

#include <algorithm>
#include <string>

#include "kernels/gemm_i8/gemm_i8.h"

namespace gossamer {

void RequireByteType(const OperatorSpec& spec, size_t input, const char* name) {
  const DataType type = spec.inputs[input].type;
  if (type != DataType::kUint8 && type != DataType::kInt8) {
    throw EngineError{"ERR_ENGINE_TYPE",
                      spec.type + ": " + name + ": expected uint8 or int8, received " + DataTypeName(type)};
  }
}

int32_t ZeroPointAt(const Tensor* zero_points, size_t i) {
  if (zero_points == nullptr || zero_points->Count() == 0) return 0;
  const size_t at = zero_points->Count() == 1 ? 0 : i;
  return zero_points->type == DataType::kInt8 ? zero_points->As<int8_t>()[at] : zero_points->As<uint8_t>()[at];
}

void TurnSigns(const uint8_t* from, size_t count, uint8_t* to) {
  for (size_t i = 0; i < count; ++i) to[i] = from[i] ^ 0x80u;
}

std::vector<uint32_t> WeightSums(const int8_t* w, size_t outputs, size_t depth) {
  std::vector<uint32_t> sums(outputs);
  for (size_t n = 0; n < outputs; ++n) {
    for (size_t k = 0; k < depth; ++k) sums[n] += static_cast<uint32_t>(w[n * depth + k]);
  }
  return sums;
}

IntegerOutput::IntegerOutput(const std::vector<uint32_t>& sums, std::vector<int32_t> w_zero, size_t depth)
    : w_zero_(std::move(w_zero)), differences_(sums) {
  for (size_t n = 0; n < differences_.size(); ++n) {
    differences_[n] -= static_cast<uint32_t>(depth) * static_cast<uint32_t>(w_zero_[n]);
    needs_row_sums_ = needs_row_sums_ || w_zero_[n] != 0;
  }
  w_zero_.resize(differences_.size() + kPanelOutputs);
}

Int8Output IntegerOutput::For(int32_t x_zero, RunContext& context) const {
  const uint32_t zero = static_cast<uint32_t>(x_zero);
  int32_t* bias = static_cast<int32_t*>(context.Scratch(w_zero_.size() * sizeof(int32_t)));
  for (size_t n = 0; n < differences_.size(); ++n) bias[n] = static_cast<int32_t>(0u - zero * differences_[n]);
  std::fill(bias + differences_.size(), bias + w_zero_.size(), 0);
  Int8Output output{};
  output.kind = Int8Result::kInt32;
  output.bias = bias;
  output.weight_zero = w_zero_.data();
  return output;
}

}  // namespace gossamer
