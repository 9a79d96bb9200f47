// What batch normalisation and its gradient ask of attributes and inputs.
#pragma once
#include "engine/operators/arguments.h"
#include "kernels/batch_norm_f32/batch_norm_f32.h"

namespace gossamer {

// From `activation`: none (the default), relu, or clip between activation_alpha and activation_beta. Throws EngineError
// (ERR_ENGINE_PROGRAM).
inline BatchNormEpilogue BatchNormEpilogueOf(const OperatorSpec& spec) {
  const std::string name = spec.attributes.Text("activation", "none");
  if (name == "none") return {BatchNormActivation::kNone, 0, 0};
  if (name == "relu") return {BatchNormActivation::kRelu, 0, 0};
  if (name != "clip") RefuseProgram(spec.type + " activation", "none, relu or clip", name);
  const float low = spec.attributes.Float("activation_alpha", 0), high = spec.attributes.Float("activation_beta", 0);
  if (!(low <= high)) {
    RefuseProgram(spec.type + " activation_beta", "a number >= " + std::to_string(low), std::to_string(high));
  }
  return {BatchNormActivation::kClip, low, high};
}

// Rows and channels of x [..., C], of rank 2 or more. Throws EngineError (ERR_ENGINE_SHAPE), as CheckVector does unless
// `vector` is [channels].
struct ChannelRows {
  size_t rows, channels;
};
inline ChannelRows ChannelRowsOf(const std::string& op, const Dims& x) {
  if (x.Rank() < 2) RefuseShape(op + " x", "[N, ..., C]", x.Text());
  return {x.Count(0, x.Rank() - 1), x.Count(x.Rank() - 1, x.Rank())};
}
inline void CheckVector(const std::string& what, const Tensor& vector, size_t channels) {
  if (vector.dims.Rank() != 1 || vector.Count() != channels) {
    RefuseShape(what, "[" + std::to_string(channels) + "]", vector.dims.Text());
  }
}

}  // namespace gossamer
