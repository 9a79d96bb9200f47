// Training steps: every kernel against the definition.
#include "kernels/optimizer_f32/optimizer_f32.h"

#include <memory>

#include "fuzz/input.h"

using namespace gossamer;

namespace {

// What a step changes.
struct State {
  std::vector<std::vector<float>> arrays;  // weight, slots
};

State StepOnce(OptimizerStepFn& fn, OptimizerRule rule, const OptimizerCoefficients& c, const State& before,
               const std::vector<float>& gradients, const std::vector<uint8_t>& bytes, const std::vector<float>& floats,
               MaskType mask_type, size_t begin, size_t end, Input& input) {
  std::vector<std::unique_ptr<Exact<float>>> memory;
  for (const auto& array : before.arrays) memory.push_back(std::make_unique<Exact<float>>(array, input));
  Exact<float> gradient(gradients, input), float_mask(floats, input);
  Exact<uint8_t> byte_mask(bytes, input);
  OptimizerTensor tensor{};
  tensor.weight = memory[0]->data();
  tensor.gradient = gradient.data();
  for (size_t slot = 0; slot + 1 < memory.size(); ++slot) tensor.slots[slot] = memory[slot + 1]->data();
  if (mask_type == MaskType::kBytes) tensor.mask = byte_mask.data();
  if (mask_type == MaskType::kFloats) tensor.mask = float_mask.data();
  tensor.mask_type = mask_type;
  tensor.count = gradients.size();
  fn(rule, c, tensor, begin, end);
  State after;
  for (const auto& array : memory) after.arrays.push_back(array->Copy());
  return after;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const auto rule = static_cast<OptimizerRule>(input.Byte() % kOptimizerRules);
  const auto mask_type = static_cast<MaskType>(input.Byte() % 3);
  OptimizerCoefficients c;
  const std::vector<float> numbers = input.Floats(kOptimizerCoefficients);
  std::copy(numbers.begin(), numbers.end(), &c.gradient_factor);
  const size_t count = input.Size(100), begin = input.Size(count), end = begin + input.Size(count - begin);
  const std::vector<uint8_t> bytes = input.Bytes(count);
  State before;
  const size_t arrays = 1 + kOptimizerSlots[static_cast<size_t>(rule)];
  for (size_t i = 0; i < arrays; ++i) before.arrays.push_back(input.Floats(count));
  const std::vector<float> gradients = input.Floats(count), floats = input.Floats(count);
  const State expected =
      StepOnce(OptimizerStepScalar, rule, c, before, gradients, bytes, floats, mask_type, begin, end, input);
  ForEachVariant(OptimizerStepVariants(), [&](OptimizerStepFn& fn, const char* isa) {
    const State actual = StepOnce(fn, rule, c, before, gradients, bytes, floats, mask_type, begin, end, input);
    for (size_t i = 0; i < expected.arrays.size(); ++i) {
      Require(SameFloats(actual.arrays[i], expected.arrays[i]), "OptimizerStep", isa);
    }
  });
  Exact<float> x(gradients, input);
  const double sum = SumOfSquaresScalar(x.data(), count);
  ForEachVariant(SumOfSquaresVariants(), [&](SumOfSquaresFn& fn, const char* isa) {
    const double actual = fn(x.data(), count);
    Require(actual == sum || (std::isnan(actual) && std::isnan(sum)), "SumOfSquares", isa);
  });
  return 0;
}
