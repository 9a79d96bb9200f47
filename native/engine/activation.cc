#include "engine/activation.h"

#include <limits>

namespace gossamer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Entry {
  const char* name;
  ActivationSpec defaults;  // those of the operators of the standard
};
constexpr Entry kActivations[] = {
    {"none", {Activation::kNone, 0, 0}},
    {"relu", {Activation::kClamp, 0, kInfinity}},
    {"clamp", {Activation::kClamp, -kInfinity, kInfinity}},
    {"leaky", {Activation::kLeaky, 0.01f, 0}},
    {"sigmoid", {Activation::kSigmoid, 0, 0}},
    {"tanh", {Activation::kTanh, 0, 0}},
    {"gelu", {Activation::kGelu, 0, 0}},
    {"gelu_tanh", {Activation::kGeluTanh, 0, 0}},
    {"silu", {Activation::kSilu, 0, 0}},
    {"hard_sigmoid", {Activation::kHardSigmoid, 0.2f, 0.5f}},
    {"hard_swish", {Activation::kHardSwish, 0, 0}},
    {"erf", {Activation::kErf, 0, 0}},
    {"exp", {Activation::kExp, 0, 0}},
    {"softplus", {Activation::kSoftplus, 0, 0}},
    {"mish", {Activation::kMish, 0, 0}},
    {"elu", {Activation::kElu, 1, 0}},
};

}  // namespace

ActivationSpec ActivationOf(const Attributes& attributes) {
  const std::string name = attributes.Text("activation", "none");
  for (const Entry& entry : kActivations) {
    if (name != entry.name) continue;
    if (name == "relu") return entry.defaults;
    return {entry.defaults.kind, attributes.Float("activation_alpha", entry.defaults.a),
            attributes.Float("activation_beta", entry.defaults.b)};
  }
  throw EngineError{"ERR_ENGINE_PROGRAM", "activation: expected a name such as gelu, received " + name};
}

}  // namespace gossamer
