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
OperatorFactory MakeShape;
OperatorFactory MakeSize;
OperatorFactory MakeSlice;
OperatorFactory MakeSplit;
OperatorFactory MakeSqueeze;
OperatorFactory MakeTranspose;
OperatorFactory MakeCompress, MakeConcat, MakeConstantOfShape;
OperatorFactory MakeDepthToSpace;
OperatorFactory MakeExpand, MakeEyeLike;
OperatorFactory MakeFlatten;
OperatorFactory MakeGather, MakeGatherElements, MakeGatherND;
OperatorFactory MakeIdentity, MakeIf, MakeInt8AveragePoolNhwc;
OperatorFactory MakeLoop;
OperatorFactory MakeMaxPoolNhwc;
OperatorFactory MakeNonZero;
OperatorFactory MakeOneHot;
OperatorFactory MakePad;
OperatorFactory MakeRange, MakeReshape, MakeReverseSequence;
OperatorFactory MakeScatterElements, MakeScatterND, MakeShape, MakeSize, MakeSlice, MakeSpaceToDepth, MakeSplit,
    MakeSqueeze;
OperatorFactory MakeTile, MakeTopK, MakeTranspose, MakeTrilu;
OperatorFactory MakeUnsqueeze;

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
    {"Compress", MakeCompress},
    {"Concat", MakeConcat},
    {"ConvNhwc", MakeConvNhwc},
    {"ConstantOfShape", MakeConstantOfShape},
    {"DepthToSpace", MakeDepthToSpace},
    {"Expand", MakeExpand},
    {"EyeLike", MakeEyeLike},
    {"Flatten", MakeFlatten},
    {"Floor", MakeUnary},
    {"Gather", MakeGather},
    {"Gelu", MakeActivate},
    {"Greater", MakeComparison},
    {"GreaterOrEqual", MakeComparison},
    {"HardSigmoid", MakeActivate},
    {"HardSwish", MakeUnary},
    {"GatherElements", MakeGatherElements},
    {"GatherND", MakeGatherND},
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
    {"NonZero", MakeNonZero},
    {"OneHot", MakeOneHot},
    {"Pad", MakePad},
    {"Range", MakeRange},
    {"Reshape", MakeReshape},
    {"ReverseSequence", MakeReverseSequence},
    {"ScatterElements", MakeScatterElements},
    {"ScatterND", MakeScatterND},
    {"Shape", MakeShape},
    {"Sigmoid", MakeUnary},
    {"Sign", MakeUnary},
    {"Sin", MakeUnary},
    {"Sinh", MakeUnary},
    {"Size", MakeSize},
    {"Slice", MakeSlice},
    {"Softplus", MakeUnary},
    {"Softsign", MakeUnary},
    {"SpaceToDepth", MakeSpaceToDepth},
    {"Split", MakeSplit},
    {"Sqrt", MakeUnary},
    {"Squeeze", MakeSqueeze},
    {"Sub", MakeArithmetic},
    {"Sum", MakeVariadic},
    {"Tan", MakeUnary},
    {"Tanh", MakeUnary},
    {"ThresholdedRelu", MakeActivate},
    {"Tile", MakeTile},
    {"TopK", MakeTopK},
    {"Transpose", MakeTranspose},
    {"Trilu", MakeTrilu},
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
