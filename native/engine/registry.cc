// Every operator of the engine: one line each, in alphabetical order of the type; its factory is in engine/operators/.
#include "engine/registry.h"

#include "engine/operator.h"

namespace gossamer {

OperatorFactory MakeAveragePoolNhwc;
OperatorFactory MakeConcat, MakeConvNhwc;
OperatorFactory MakeFlatten;
OperatorFactory MakeGather;
OperatorFactory MakeIdentity, MakeIf, MakeInt8AveragePoolNhwc, MakeInt8Conv, MakeInt8Linear;
OperatorFactory MakeLinear, MakeLoop;
OperatorFactory MakeMaxPoolNhwc;
OperatorFactory MakeReshape;
OperatorFactory MakeShape, MakeSize, MakeSlice, MakeSplit, MakeSqueeze;
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
    {"Int8Conv", MakeInt8Conv},
    {"Int8Linear", MakeInt8Linear},
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
