// The types of operators that the engine has.
#pragma once
#include <vector>

namespace gossamer {

std::vector<const char*> OperatorTypeNames();

}  // namespace gossamer
