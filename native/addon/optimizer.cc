// Training steps, and what a training loop does to whole lists of arrays, in place. None but the sum of squares stops
// at the flag: half a step would be no state of training at all.
#include <algorithm>

#include "addon/operations.h"
#include "kernels/optimizer_f32/tensors.h"

namespace gossamer {
namespace {

void ReadMask(Arguments& args, size_t index, OptimizerTensor& tensor) {
  tensor.mask_type = MaskType::kNone;
  if (args.IsMissing(index)) return;
  const AnyArray mask = args.InAny(index, "mask");
  if (mask.type != napi_uint8_array && mask.type != napi_float32_array) {
    throw ArgumentError{"ERR_WRONG_TYPE", "mask: expected Uint8Array or Float32Array, received another typed array"};
  }
  RequireLength("mask", mask.length, tensor.count);
  tensor.mask = mask.data;
  tensor.mask_type = mask.type == napi_uint8_array ? MaskType::kBytes : MaskType::kFloats;
}

void RequireWhole(size_t arguments, size_t of_each) {
  if (arguments % of_each == 0) return;
  throw ArgumentError{"ERR_WRONG_LENGTH", "arrays: expected " + std::to_string(of_each) +
                                              " for each tensor, received " + std::to_string(arguments) + " in all"};
}

}  // namespace

Work PrepareOptimizerStep(Arguments& args) {
  constexpr size_t kFirst = 2;
  const auto rule = static_cast<OptimizerRule>(args.Integer(0, "rule", 0, kOptimizerRules - 1));
  const Array<const float> numbers = args.In<float>(1, "coefficients");
  RequireLength("coefficients", numbers.length, kOptimizerCoefficients);
  OptimizerCoefficients c;
  std::copy(numbers.data, numbers.data + numbers.length, &c.gradient_factor);
  const size_t slots = kOptimizerSlots[static_cast<size_t>(rule)], of_each = 3 + slots;
  RequireWhole(args.Count() - kFirst, of_each);
  std::vector<OptimizerTensor> tensors;
  for (size_t at = kFirst; at < args.Count(); at += of_each) {
    const Array<const float> gradient = args.In<float>(at, "gradient");
    OptimizerTensor tensor{};
    tensor.gradient = gradient.data;
    tensor.count = gradient.length;
    tensor.weight = args.Out<float>(at + 1, "weight", gradient.length).data;
    ReadMask(args, at + 2, tensor);
    for (size_t slot = 0; slot < slots; ++slot) {
      tensor.slots[slot] = args.Out<float>(at + 3 + slot, "slot", gradient.length).data;
    }
    tensors.push_back(tensor);
  }
  return [=](AbortFlag) {
    StepTensors(rule, c, tensors);
    return true;
  };
}

Work PrepareScaleInPlace(Arguments& args) {
  const float factor = args.Float(0, "factor");
  std::vector<FloatArray> arrays;
  for (size_t at = 1; at < args.Count(); ++at) {
    const Array<float> x = args.Out<float>(at, "array");
    arrays.push_back({x.data, x.length});
  }
  return [=](AbortFlag) {
    ScaleArrays(arrays, factor);
    return true;
  };
}

Work PrepareAddInto(Arguments& args) {
  RequireWhole(args.Count(), 2);
  std::vector<FloatPair> pairs;
  for (size_t at = 0; at < args.Count(); at += 2) {
    const Array<const float> x = args.In<float>(at + 1, "source");
    const Array<float> y = args.Out<float>(at, "target", x.length);
    pairs.push_back({y.data, x.data, x.length});
  }
  return [=](AbortFlag) {
    AddToArrays(pairs);
    return true;
  };
}

Work PrepareSumOfSquares(Arguments& args) {
  const Array<double> sum = args.Out<double>(0, "sum", 1);
  std::vector<ConstFloatArray> arrays;
  for (size_t at = 1; at < args.Count(); ++at) {
    const Array<const float> x = args.In<float>(at, "array");
    arrays.push_back({x.data, x.length});
  }
  return [=](AbortFlag abort) { return SumSquaresOfArrays(arrays, sum.data, abort); };
}

}  // namespace gossamer
