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
OperatorFactory MakeActivate, MakeArithmetic, MakeAveragePoolNhwc;
OperatorFactory MakeBitwise;
OperatorFactory MakeCast, MakeClip, MakeComparison, MakeConcat;
OperatorFactory MakeFlatten;
OperatorFactory MakeGather;
OperatorFactory MakeIdentity, MakeIf, MakeInt8AveragePoolNhwc;
OperatorFactory MakeLoop;
OperatorFactory MakeMaxPoolNhwc, MakeMod;
OperatorFactory MakePow;
OperatorFactory MakeReshape;
OperatorFactory MakeShape, MakeSize, MakeSlice, MakeSplit, MakeSqueeze;
OperatorFactory MakeTest, MakeTranspose;
OperatorFactory MakeUnary, MakeUnsqueeze;
OperatorFactory MakeVariadic;
OperatorFactory MakeWhere;

namespace {

struct Entry {
  const char* type;
  OperatorFactory* make;
};

constexpr Entry kOperators[] = {
    {"Abs", MakeUnary},
    {"Acos", MakeUnary},
    {"Acosh", MakeUnary},
    {"Activate", MakeActivate},
    {"Add", MakeArithmetic},
    {"And", MakeComparison},
    {"Asin", MakeUnary},
    {"Asinh", MakeUnary},
    {"Atan", MakeUnary},
    {"Atanh", MakeUnary},
    {"AveragePoolNhwc", MakeAveragePoolNhwc},
    {"BitShift", MakeBitwise},
    {"BitwiseAnd", MakeBitwise},
    {"BitwiseNot", MakeTest},
    {"BitwiseOr", MakeBitwise},
    {"BitwiseXor", MakeBitwise},
    {"Cast", MakeCast},
    {"CastLike", MakeCast},
    {"Ceil", MakeUnary},
    {"Celu", MakeActivate},
    {"Clip", MakeClip},
    {"Concat", MakeConcat},
    {"ConvNhwc", MakeConvNhwc},
    {"Cos", MakeUnary},
    {"Cosh", MakeUnary},
    {"Div", MakeArithmetic},
    {"Elu", MakeActivate},
    {"Equal", MakeComparison},
    {"Erf", MakeUnary},
    {"Exp", MakeUnary},
    {"Flatten", MakeFlatten},
    {"Floor", MakeUnary},
    {"Gather", MakeGather},
    {"Gelu", MakeActivate},
    {"Greater", MakeComparison},
    {"GreaterOrEqual", MakeComparison},
    {"HardSigmoid", MakeActivate},
    {"HardSwish", MakeUnary},
    {"Identity", MakeIdentity},
    {"If", MakeIf},
    {"Int8AveragePoolNhwc", MakeInt8AveragePoolNhwc},
    {"Int8Conv", MakeInt8Conv},
    {"Int8Linear", MakeInt8Linear},
    {"Linear", MakeLinear},
    {"IsInf", MakeTest},
    {"IsNaN", MakeTest},
    {"LeakyRelu", MakeActivate},
    {"Less", MakeComparison},
    {"LessOrEqual", MakeComparison},
    {"Log", MakeUnary},
    {"Loop", MakeLoop},
    {"Max", MakeVariadic},
    {"MaxPoolNhwc", MakeMaxPoolNhwc},
    {"Mean", MakeVariadic},
    {"Min", MakeVariadic},
    {"Mish", MakeUnary},
    {"Mod", MakeMod},
    {"Mul", MakeArithmetic},
    {"Neg", MakeUnary},
    {"Not", MakeTest},
    {"Or", MakeComparison},
    {"PRelu", MakeArithmetic},
    {"Pow", MakePow},
    {"Reciprocal", MakeUnary},
    {"Relu", MakeUnary},
    {"Reshape", MakeReshape},
    {"Round", MakeUnary},
    {"Selu", MakeActivate},
    {"Shape", MakeShape},
    {"Sigmoid", MakeUnary},
    {"Sign", MakeUnary},
    {"Sin", MakeUnary},
    {"Sinh", MakeUnary},
    {"Size", MakeSize},
    {"Slice", MakeSlice},
    {"Softplus", MakeUnary},
    {"Softsign", MakeUnary},
    {"Split", MakeSplit},
    {"Sqrt", MakeUnary},
    {"Squeeze", MakeSqueeze},
    {"Sub", MakeArithmetic},
    {"Sum", MakeVariadic},
    {"Tan", MakeUnary},
    {"Tanh", MakeUnary},
    {"ThresholdedRelu", MakeActivate},
    {"Transpose", MakeTranspose},
    {"Unsqueeze", MakeUnsqueeze},
    {"Where", MakeWhere},
    {"Xor", MakeComparison},
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
