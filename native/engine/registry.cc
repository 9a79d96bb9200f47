// Every operator of the engine: one line each, in alphabetical order of the type; its factory is in engine/operators/.
#include "engine/registry.h"

#include "engine/operator.h"

namespace gossamer {

OperatorFactory MakeActivate, MakeArg, MakeArithmetic, MakeAttention4d, MakeAveragePool, MakeAveragePoolNhwc;
OperatorFactory MakeBatchNorm, MakeBitwise;
OperatorFactory MakeCast, MakeClip, MakeComparison, MakeCompress, MakeConcat, MakeConstantOfShape, MakeConvInteger,
    MakeConvTransposeNhwc;
OperatorFactory MakeConvGradInputNhwc, MakeConvGradWeightNhwc, MakeConvNhwc, MakeCumSum;
OperatorFactory MakeDepthToSpace, MakeDequantizeLinear, MakeDynamicQuantizeLinear;
OperatorFactory MakeExpand, MakeEyeLike;
OperatorFactory MakeFlatten;
OperatorFactory MakeGRU, MakeGather, MakeGatherBlockQuantized, MakeGatherElements, MakeGatherND, MakeGemm;
OperatorFactory MakeGroupNorm;
OperatorFactory MakeIdentity, MakeIf, MakeInt8AveragePoolNhwc, MakeInt8Binary, MakeInt8Concat, MakeInt8Conv;
OperatorFactory MakeInt8Linear, MakeInt8Table;
OperatorFactory MakeLSTM, MakeLayerNorm, MakeLinear, MakeLoop;
OperatorFactory MakeMatMul, MakeMatMulCodebook, MakeMatMulInteger, MakeMatMulNbits, MakeMaxPoolNhwc, MakeMod;
OperatorFactory MakeNonZero;
OperatorFactory MakeOneHot, MakeOtherNorm;
OperatorFactory MakePad, MakePow;
OperatorFactory MakeQuantizeLinear;
OperatorFactory MakeRNN, MakeRange, MakeReduce, MakeReshape, MakeResize, MakeReverseSequence;
OperatorFactory MakeScatterElements, MakeScatterND, MakeShape, MakeSize, MakeSlice, MakeSoftmax, MakeSpaceToDepth;
OperatorFactory MakeSplit, MakeSqueeze;
OperatorFactory MakeGRU, MakeGather, MakeGatherElements, MakeGatherND, MakeGemm, MakeGlobalAveragePool,
    MakeGlobalLpPool, MakeGlobalMaxPool, MakeGroupNorm;
OperatorFactory MakeIdentity, MakeIf, MakeInt8AveragePoolNhwc, MakeInt8Conv, MakeInt8Linear;
OperatorFactory MakeLSTM, MakeLayerNorm, MakeLinear, MakeLoop, MakeLpPool;
OperatorFactory MakeMatMul, MakeMaxPool, MakeMaxPoolNhwc, MakeMod;
OperatorFactory MakeNonMaxSuppression, MakeNonZero;
OperatorFactory MakeOneHot;
OperatorFactory MakePad, MakePow;
OperatorFactory MakeRNN, MakeRange, MakeReduce, MakeReshape, MakeResize, MakeReverseSequence;
OperatorFactory MakeScatterElements, MakeScatterND, MakeShape, MakeSize, MakeSlice, MakeSoftmax, MakeSpaceToDepth,
    MakeSplit, MakeSqueeze;
OperatorFactory MakeTest, MakeTile, MakeTopK, MakeTranspose, MakeTrilu;
OperatorFactory MakeUnary, MakeUnsqueeze;
OperatorFactory MakeVariadic;
OperatorFactory MakeWhere;
// Training.
OperatorFactory MakeActivationGrad, MakeGatherGrad, MakeLayerNormGrad, MakeSoftmaxCrossEntropy,
    MakeSoftmaxCrossEntropyGrad, MakeSoftmaxGrad;

OperatorFactory MakeAveragePoolGradNhwc, MakeBatchNormGrad, MakeBatchNormTrain, MakeBiasGrad, MakeMaxPoolGradNhwc;

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
    {"ActivationGrad", MakeActivationGrad},
    {"Add", MakeArithmetic},
    {"And", MakeComparison},
    {"ArgMax", MakeArg},
    {"ArgMin", MakeArg},
    {"Asin", MakeUnary},
    {"Asinh", MakeUnary},
    {"Atan", MakeUnary},
    {"Atanh", MakeUnary},
    {"Attention4D", MakeAttention4d},
    {"AveragePool", MakeAveragePool},
    {"AveragePoolGradNhwc", MakeAveragePoolGradNhwc},
    {"AveragePoolNhwc", MakeAveragePoolNhwc},
    {"BatchNormGradNhwc", MakeBatchNormGrad},
    {"BatchNormTrainNhwc", MakeBatchNormTrain},
    {"BatchNormalization", MakeBatchNorm},
    {"BiasGrad", MakeBiasGrad},
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
    {"Compress", MakeCompress},
    {"Concat", MakeConcat},
    {"ConstantOfShape", MakeConstantOfShape},
    {"ConvGradInputNhwc", MakeConvGradInputNhwc},
    {"ConvGradWeightNhwc", MakeConvGradWeightNhwc},
    {"ConvInteger", MakeConvInteger},
    {"ConvNhwc", MakeConvNhwc},
    {"ConvTransposeNhwc", MakeConvTransposeNhwc},
    {"Cos", MakeUnary},
    {"Cosh", MakeUnary},
    {"CumSum", MakeCumSum},
    {"DepthToSpace", MakeDepthToSpace},
    {"DequantizeLinear", MakeDequantizeLinear},
    {"Div", MakeArithmetic},
    {"DynamicQuantizeLinear", MakeDynamicQuantizeLinear},
    {"Elu", MakeActivate},
    {"Equal", MakeComparison},
    {"Erf", MakeUnary},
    {"Exp", MakeUnary},
    {"Expand", MakeExpand},
    {"EyeLike", MakeEyeLike},
    {"Flatten", MakeFlatten},
    {"Floor", MakeUnary},
    {"GRU", MakeGRU},
    {"Gather", MakeGather},
    {"GatherBlockQuantized", MakeGatherBlockQuantized},
    {"GatherElements", MakeGatherElements},
    {"GatherGrad", MakeGatherGrad},
    {"GatherND", MakeGatherND},
    {"Gelu", MakeActivate},
    {"Gemm", MakeGemm},
    {"GlobalAveragePool", MakeGlobalAveragePool},
    {"GlobalLpPool", MakeGlobalLpPool},
    {"GlobalMaxPool", MakeGlobalMaxPool},
    {"Greater", MakeComparison},
    {"GreaterOrEqual", MakeComparison},
    {"GroupNormalization", MakeGroupNorm},
    {"HardSigmoid", MakeActivate},
    {"HardSwish", MakeUnary},
    {"Identity", MakeIdentity},
    {"If", MakeIf},
    {"InstanceNormalization", MakeGroupNorm},
    {"Int8AveragePoolNhwc", MakeInt8AveragePoolNhwc},
    {"Int8Binary", MakeInt8Binary},
    {"Int8Concat", MakeInt8Concat},
    {"Int8Conv", MakeInt8Conv},
    {"Int8Linear", MakeInt8Linear},
    {"Int8Table", MakeInt8Table},
    {"IsInf", MakeTest},
    {"IsNaN", MakeTest},
    {"LRN", MakeOtherNorm},
    {"LSTM", MakeLSTM},
    {"LayerNormGrad", MakeLayerNormGrad},
    {"LayerNormalization", MakeLayerNorm},
    {"LeakyRelu", MakeActivate},
    {"Less", MakeComparison},
    {"LessOrEqual", MakeComparison},
    {"Linear", MakeLinear},
    {"Log", MakeUnary},
    {"LogSoftmax", MakeSoftmax},
    {"LogSoftmaxGrad", MakeSoftmaxGrad},
    {"Loop", MakeLoop},
    {"LpNormalization", MakeOtherNorm},
    {"LpPool", MakeLpPool},
    {"MatMul", MakeMatMul},
    {"MatMulCodebook", MakeMatMulCodebook},
    {"MatMulInteger", MakeMatMulInteger},
    {"MatMulNBits", MakeMatMulNbits},
    {"Max", MakeVariadic},
    {"MaxPool", MakeMaxPool},
    {"MaxPoolGradNhwc", MakeMaxPoolGradNhwc},
    {"MaxPoolNhwc", MakeMaxPoolNhwc},
    {"Mean", MakeVariadic},
    {"MeanVarianceNormalization", MakeOtherNorm},
    {"Min", MakeVariadic},
    {"Mish", MakeUnary},
    {"Mod", MakeMod},
    {"Mul", MakeArithmetic},
    {"Neg", MakeUnary},
    {"NonMaxSuppression", MakeNonMaxSuppression},
    {"NonZero", MakeNonZero},
    {"Not", MakeTest},
    {"OneHot", MakeOneHot},
    {"Or", MakeComparison},
    {"PRelu", MakeArithmetic},
    {"Pad", MakePad},
    {"Pow", MakePow},
    {"QuantizeLinear", MakeQuantizeLinear},
    {"RMSNormalization", MakeLayerNorm},
    {"RNN", MakeRNN},
    {"Range", MakeRange},
    {"Reciprocal", MakeUnary},
    {"ReduceL1", MakeReduce},
    {"ReduceL2", MakeReduce},
    {"ReduceLogSum", MakeReduce},
    {"ReduceLogSumExp", MakeReduce},
    {"ReduceMax", MakeReduce},
    {"ReduceMean", MakeReduce},
    {"ReduceMin", MakeReduce},
    {"ReduceProd", MakeReduce},
    {"ReduceSum", MakeReduce},
    {"ReduceSumSquare", MakeReduce},
    {"Relu", MakeUnary},
    {"Reshape", MakeReshape},
    {"Resize", MakeResize},
    {"ReverseSequence", MakeReverseSequence},
    {"Round", MakeUnary},
    {"ScatterElements", MakeScatterElements},
    {"ScatterND", MakeScatterND},
    {"Selu", MakeActivate},
    {"Shape", MakeShape},
    {"Sigmoid", MakeUnary},
    {"Sign", MakeUnary},
    {"SimplifiedLayerNormalization", MakeLayerNorm},
    {"Sin", MakeUnary},
    {"Sinh", MakeUnary},
    {"Size", MakeSize},
    {"SkipLayerNormalization", MakeLayerNorm},
    {"SkipSimplifiedLayerNormalization", MakeLayerNorm},
    {"Slice", MakeSlice},
    {"Softmax", MakeSoftmax},
    {"SoftmaxCrossEntropy", MakeSoftmaxCrossEntropy},
    {"SoftmaxCrossEntropyGrad", MakeSoftmaxCrossEntropyGrad},
    {"SoftmaxGrad", MakeSoftmaxGrad},
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
