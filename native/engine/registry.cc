// Every operator of the engine: one line each, in alphabetical order of the type; its factory is in engine/operators/.
#include "engine/registry.h"

#include "engine/operator.h"

namespace gossamer {

OperatorFactory MakeAveragePoolNhwc;
OperatorFactory MakeConcat;
OperatorFactory MakeConvNhwc;
OperatorFactory MakeFlatten;
OperatorFactory MakeGather;
OperatorFactory MakeIdentity;
OperatorFactory MakeIf;
OperatorFactory MakeInt8AveragePoolNhwc;
OperatorFactory MakeLinear;
OperatorFactory MakeLoop;
OperatorFactory MakeMaxPoolNhwc;
OperatorFactory MakeReshape;
OperatorFactory MakeShape;
OperatorFactory MakeSize;
OperatorFactory MakeSlice;
OperatorFactory MakeSplit;
OperatorFactory MakeSqueeze;
OperatorFactory MakeTranspose;
OperatorFactory MakeUnsqueeze;

namespace {

struct Entry {
  const char* type;
  OperatorFactory* make;
};

constexpr Entry kOperators[] = {
    {"AveragePoolNhwc", MakeAveragePoolNhwc},
    {"Concat", MakeConcat},
    {"ConvNhwc", MakeConvNhwc},
    {"Flatten", MakeFlatten},
    {"Gather", MakeGather},
    {"Identity", MakeIdentity},
    {"If", MakeIf},
    {"Int8AveragePoolNhwc", MakeInt8AveragePoolNhwc},
    {"Linear", MakeLinear},
    {"Loop", MakeLoop},
    {"MaxPoolNhwc", MakeMaxPoolNhwc},
    {"Reshape", MakeReshape},
    {"Shape", MakeShape},
    {"Size", MakeSize},
    {"Slice", MakeSlice},
    {"Split", MakeSplit},
    {"Squeeze", MakeSqueeze},
    {"Transpose", MakeTranspose},
    {"Unsqueeze", MakeUnsqueeze},
};

}  // namespace

std::vector<const char*> OperatorTypeNames() {
  std::vector<const char*> names;
  for (const Entry& entry : kOperators) names.push_back(entry.type);
  return names;
}

OperatorFactory* FindOperator(const std::string& type) {
  for (const Entry& entry : kOperators) {
    if (type == entry.type) return entry.make;
  }
  return nullptr;
}

}  // namespace gossamer
