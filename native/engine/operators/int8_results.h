// The int8 attributes of an operator (docs/engine.md), and what they become in a run: Int8Output.
#pragma once
#include <string>
#include <vector>

#include "engine/operator.h"
#include "kernels/linear.h"

namespace gossamer {

// Which input of the operator is what.
enum Int8Input { kInt8X, kInt8W, kInt8Bias, kInt8Residual, kInt8XScale, kInt8XZeroPoint, kInt8Offset };

// Throws EngineError{code, "<type>: <what>"}.
[[noreturn]] void RefuseInt8(const std::string& type, const char* code, const std::string& what);

// The constant input w, int8 or uint8, in any order: element(i) is its i-th element as int8 weights know it (uint8 ones
// less 128).
std::vector<int8_t> Int8WeightElements(const OperatorSpec& spec);

class Int8Results {
 public:
  // w: [outputs][depth], where uint8 weights have become int8. Throws EngineError.
  //
  // A scale so large that a sum could leave int32 after the multiplication is lowered to what just fits. That is exact
  // where it stays above 256 (every sum but 0 saturates either way), hence where no sum of the layer can exceed 2^23.
  Int8Results(const OperatorSpec& spec, const int8_t* w, size_t outputs, size_t depth);

  // Throws EngineError where the inputs of a run do not fit y's dims, or among themselves.
  void Check(const TensorList& inputs, const Tensor& y) const;

  // What to do with the results of a run. Row m of y is at y + m * outputs. Reads inputs, takes scratch memory.
  Int8Output Prepare(const TensorList& inputs, const Tensor& y, RunContext& context) const;
  // `output` for the outputs from `first` on.
  Int8Output From(const Int8Output& output, size_t first) const;

  bool NeedsRowSums() const { return has_weight_zero_; }
  const int32_t* WeightZeros() const { return weight_zero_.data(); }  // by output
  // The zero point of x in a run.
  uint8_t XZeroPoint(const TensorList& inputs) const;
  size_t ResultBytes() const { return kind_ == Int8Result::kQuantized ? 1 : 4; }

 private:
  void ReadScales(const OperatorSpec& spec, const int8_t* w);
  void ReadFixedPoints(const OperatorSpec& spec);
  void ReadResidual(const OperatorSpec& spec);
  void FillBiases(uint8_t x_zero_point, int32_t* biases) const;  // kOutputSlack too

  std::string type_;
  size_t outputs_, depth_;
  Int8Result kind_;
  DataType residual_type_;
  bool has_residual_, has_x_scale_, has_x_zero_point_, has_weight_zero_ = false;
  uint8_t x_zero_point_ = 0;
  // Each as long as the outputs and kOutputSlack more: kernels read whole vectors.
  std::vector<int32_t> bias_;         // as given
  std::vector<int32_t> folded_bias_;  // with a constant zero point of x
  std::vector<int32_t> weight_zero_;
  std::vector<uint32_t> weight_sums_;  // of w - weight_zero, modulo 2^32
  std::vector<float> scale_, offset_;
  std::vector<int32_t> multiplier_, left_, right_;  // empty: by scale_
  Int8Output output_{};  // what does not depend on the run
};

}  // namespace gossamer
