// Activations as attributes of an operator.
#pragma once
#include "engine/operator.h"
#include "kernels/linear.h"

namespace gossamer {

// From `activation` (absent: none), `activation_alpha` and `activation_beta`: the a and b of ActivationSpec. Names:
// none, clamp, leaky, sigmoid, tanh, gelu, gelu_tanh, silu, hard_sigmoid, hard_swish, erf, exp, softplus, mish, elu; and
// relu, a clamp to [0, inf). A clamp without alpha or beta has no bound there. Throws EngineError (ERR_ENGINE_PROGRAM).
ActivationSpec ActivationOf(const Attributes& attributes);

}  // namespace gossamer
