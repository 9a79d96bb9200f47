// Linear whose w is no constant.
#pragma once
#include <memory>

#include "engine/operator.h"

namespace gossamer {

// Of inputs x, w, bias?, residual?, all float32. Attributes: trans_b, activation; products are in float32 throughout.
std::unique_ptr<Operator> MakeRuntimeLinear(const OperatorSpec& spec);

}  // namespace gossamer
