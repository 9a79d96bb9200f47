#include "kernels/optimizer_f32/optimizer_f32.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "kernels/optimizer_f32/tensors.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

constexpr MaskType kMasks[] = {MaskType::kNone, MaskType::kBytes, MaskType::kFloats};

constexpr OptimizerCoefficients kTypical = {0.5f, 0.01f, 0.999f, 0.01f, 0.9f, 0.1f, 0.99f, 0.01f, 3.0f, 1e-8f, 1e-3f};

// What one step reads and writes: arrays[0] is the weight, then come the slots.
struct Problem {
  OptimizerRule rule;
  MaskType mask_type = MaskType::kNone;
  std::vector<std::vector<float>> arrays;
  std::vector<float> gradient, mask;  // mask: some zeros

  Problem(OptimizerRule r, size_t count, unsigned seed, bool is_awkward) : rule(r) {
    const auto values = [&](unsigned s) { return is_awkward ? AwkwardFloats(count, s) : NormalFloats(count, s); };
    for (unsigned i = 0; i <= kOptimizerSlots[static_cast<size_t>(r)]; ++i) arrays.push_back(values(seed + i));
    // Second moments are no negative numbers.
    if (!is_awkward && (r == OptimizerRule::kAdam || r == OptimizerRule::kAmsgrad)) MakePositive(2);
    if (!is_awkward && r == OptimizerRule::kAmsgrad) MakePositive(3);
    if (!is_awkward && r == OptimizerRule::kRmsprop) MakePositive(1);
    gradient = values(seed + 10);
    for (size_t i = 0; i < count; ++i) mask.push_back((i * 7 + seed) % 3 == 0 ? 0.0f : 1.0f);
  }
  void MakePositive(size_t array) {
    for (float& v : arrays[array]) v = std::fabs(v);
  }

  // The arrays after a step of elements [begin, end), in memory that ends or begins at an edge.
  std::vector<std::vector<float>> Run(OptimizerStepFn& fn, const OptimizerCoefficients& c, size_t begin, size_t end,
                                      Edge edge) const {
    std::vector<std::unique_ptr<Guarded<float>>> memory;
    for (const auto& array : arrays) memory.push_back(std::make_unique<Guarded<float>>(array, edge));
    Guarded<float> g(gradient, edge), floats(mask, edge);
    Guarded<uint8_t> bytes(std::vector<uint8_t>(mask.begin(), mask.end()), edge);
    OptimizerTensor tensor{};
    tensor.weight = memory[0]->data();
    tensor.gradient = g.data();
    for (size_t slot = 0; slot + 1 < memory.size(); ++slot) tensor.slots[slot] = memory[slot + 1]->data();
    tensor.mask_type = mask_type;
    if (mask_type == MaskType::kBytes) tensor.mask = bytes.data();
    if (mask_type == MaskType::kFloats) tensor.mask = floats.data();
    tensor.count = gradient.size();
    fn(rule, c, tensor, begin, end);
    std::vector<std::vector<float>> after;
    for (const auto& array : memory) after.push_back(array->Copy());
    return after;
  }
};

OptimizerRule RuleAt(size_t i) { return static_cast<OptimizerRule>(i); }

// The published rules in double, element by element; slots are changed.
double Oracle(OptimizerRule rule, const OptimizerCoefficients& c, double w, double gradient, std::vector<double>& s) {
  const double g = gradient * c.gradient_factor + c.l2 * w;
  double u = g;
  if (rule == OptimizerRule::kMomentum || rule == OptimizerRule::kNesterov) {
    s[0] = c.first_keep * s[0] + c.first_take * g;
    u = rule == OptimizerRule::kMomentum ? s[0] : g + c.first_keep * s[0];
  } else if (rule == OptimizerRule::kRmsprop) {
    s[0] = c.second_keep * s[0] + c.second_take * g * g;
    u = g / (std::sqrt(s[0]) + c.epsilon);
  } else if (rule == OptimizerRule::kAdam || rule == OptimizerRule::kAmsgrad) {
    s[0] = c.first_keep * s[0] + c.first_take * g;
    s[1] = c.second_keep * s[1] + c.second_take * g * g;
    if (rule == OptimizerRule::kAmsgrad) s[2] = std::max(s[2], s[1]);
    u = s[0] / (std::sqrt(s[rule == OptimizerRule::kAmsgrad ? 2 : 1]) * c.root_factor + c.epsilon);
  } else if (rule == OptimizerRule::kLion) {
    const double sum = c.first_keep * s[0] + c.first_take * g;
    u = sum > 0 ? 1 : sum < 0 ? -1 : 0;
    s[0] = c.second_keep * s[0] + c.second_take * g;
  }
  const double moved = c.shrink * w - c.step * u;
  return moved > c.threshold ? moved - c.threshold : moved < -c.threshold ? moved + c.threshold : 0;
}

}  // namespace

TEST_CASE("OptimizerStep: the definition follows the rules in double") {
  for (size_t r = 0; r < kOptimizerRules; ++r) {
    CAPTURE(r);
    const Problem problem(RuleAt(r), 1000, 3, false);
    const auto after = problem.Run(OptimizerStepScalar, kTypical, 0, 1000, Edge::kBack);
    for (size_t i = 0; i < 1000; ++i) {
      std::vector<double> slots;
      for (size_t s = 1; s < problem.arrays.size(); ++s) slots.push_back(problem.arrays[s][i]);
      const double w = Oracle(RuleAt(r), kTypical, problem.arrays[0][i], problem.gradient[i], slots);
      // Ten roundings of values below 8, each off by 2^-24 of it at most; a step of 0.01 makes what a quotient is off
      // by small again, but for quotients m / sqrt(v) of some hundreds, which are off by as many 2^-24 times 0.01.
      const double tolerance = 10 * 8 * std::ldexp(1.0, -24);
      REQUIRE(std::fabs(after[0][i] - w) <= tolerance);
      for (size_t s = 0; s < slots.size(); ++s) REQUIRE(std::fabs(after[s + 1][i] - slots[s]) <= tolerance);
    }
  }
}

TEST_CASE("OptimizerStep: every variant equals the definition, awkward lengths and values at the edge of memory") {
  for (size_t r = 0; r < kOptimizerRules; ++r) {
    for (size_t count : AwkwardLengths()) {
      for (MaskType mask : kMasks) {
        Problem problem(RuleAt(r), count, static_cast<unsigned>(count + r), true);
        problem.mask_type = mask;
        const size_t begin = count / 5;
        const auto expected = problem.Run(OptimizerStepScalar, kTypical, begin, count, Edge::kBack);
        for (const auto& variant : Runnable(OptimizerStepVariants())) {
          CAPTURE(std::string(IsaName(variant.isa)));
          for (Edge edge : {Edge::kFront, Edge::kBack}) {
            const auto after = problem.Run(*variant.fn, kTypical, begin, count, edge);
            for (size_t a = 0; a < after.size(); ++a) REQUIRE(SameFloats(after[a], expected[a]));
          }
        }
      }
    }
  }
}

TEST_CASE("OptimizerStep: what is masked is 0 in the weight and in every slot, NaN or not; the rest as without it") {
  for (size_t r = 0; r < kOptimizerRules; ++r) {
    Problem problem(RuleAt(r), 257, 5, true);
    const auto open = problem.Run(OptimizerStepScalar, kTypical, 0, 257, Edge::kBack);
    for (MaskType mask : {MaskType::kBytes, MaskType::kFloats}) {
      problem.mask_type = mask;
      for (const auto& variant : Runnable(OptimizerStepVariants())) {
        const auto after = problem.Run(*variant.fn, kTypical, 0, 257, Edge::kBack);
        for (size_t a = 0; a < after.size(); ++a) {
          std::vector<float> expected = open[a];
          for (size_t i = 0; i < 257; ++i) {
            if (problem.mask[i] == 0) expected[i] = 0;
          }
          REQUIRE(SameFloats(after[a], expected));
        }
      }
    }
  }
}

TEST_CASE("OptimizerStep: NaN in a gradient reaches the weight, with a threshold and without") {
  for (size_t r = 0; r < kOptimizerRules; ++r) {
    for (float threshold : {0.0f, 0.5f}) {
      Problem problem(RuleAt(r), 40, 1, false);
      problem.gradient[7] = problem.gradient[39] = NAN;
      OptimizerCoefficients c = kTypical;
      c.threshold = threshold;
      for (const auto& variant : Runnable(OptimizerStepVariants())) {
        const auto after = problem.Run(*variant.fn, c, 0, 40, Edge::kBack);
        for (size_t i = 0; i < 40; ++i) REQUIRE(std::isnan(after[0][i]) == (i == 7 || i == 39));
      }
    }
  }
}

TEST_CASE("SumOfSquares, ScaleF32, AddToF32: every variant equals the definition and plain loops") {
  for (size_t count : AwkwardLengths()) {
    for (bool is_awkward : {false, true}) {
      const auto values = [&](unsigned seed) {
        return is_awkward ? AwkwardFloats(count, seed) : NormalFloats(count, seed);
      };
      const std::vector<float> x = values(1), y = values(2);
      std::vector<float> scaled = x, sum = y;
      double squares = 0;
      for (size_t i = 0; i < count; ++i) {
        scaled[i] = x[i] * -1.7f;
        sum[i] = y[i] + x[i];
        squares += static_cast<double>(x[i]) * x[i];
      }
      const double defined = SumOfSquaresScalar(x.data(), count);
      // Positive terms in another order: off by at most `count` roundings.
      if (!is_awkward) REQUIRE(std::fabs(defined - squares) <= std::ldexp(squares * static_cast<double>(count), -53));
      if (is_awkward) REQUIRE(std::isnan(defined) == std::isnan(squares));
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        for (const auto& variant : Runnable(SumOfSquaresVariants())) {
          Guarded<float> guarded(x, edge);
          const double actual = variant.fn(guarded.data(), count);
          REQUIRE((actual == defined || (std::isnan(actual) && std::isnan(defined))));
        }
        for (const auto& variant : Runnable(ScaleF32Variants())) {
          Guarded<float> guarded(x, edge);
          variant.fn(guarded.data(), -1.7f, count);
          REQUIRE(SameFloats(guarded.Copy(), scaled));
        }
        for (const auto& variant : Runnable(AddToF32Variants())) {
          Guarded<float> target(y, edge), source(x, edge);
          variant.fn(target.data(), source.data(), count);
          REQUIRE(SameFloats(target.Copy(), sum));
        }
      }
    }
  }
}

TEST_CASE("many arrays at once are each alone, at every number of threads") {
  ThreadPool& pool = ThreadPool::Process();
  const unsigned before = pool.Threads();
  const size_t counts[] = {3, 0, 32768, 70001, 1, 4096, 32767, 5000};
  std::vector<Problem> problems;
  std::vector<std::vector<std::vector<float>>> expected;
  double squares = 0;
  for (size_t count : counts) {
    problems.emplace_back(OptimizerRule::kAdam, count, static_cast<unsigned>(count), false);
    expected.push_back(problems.back().Run(OptimizerStep(), kTypical, 0, count, Edge::kBack));
    for (float g : problems.back().gradient) squares += static_cast<double>(g) * g;
  }
  double first_sum = -1;
  for (unsigned threads : {1u, 2u, 5u}) {
    pool.SetThreads(threads);
    std::vector<Problem> copies = problems;
    std::vector<OptimizerTensor> tensors;
    std::vector<ConstFloatArray> gradients;
    for (Problem& problem : copies) {
      auto& a = problem.arrays;
      tensors.push_back({a[0].data(), problem.gradient.data(), {a[1].data(), a[2].data(), nullptr}, nullptr,
                         MaskType::kNone, a[0].size()});
      gradients.push_back({problem.gradient.data(), problem.gradient.size()});
    }
    StepTensors(OptimizerRule::kAdam, kTypical, tensors);
    for (size_t i = 0; i < copies.size(); ++i) {
      for (size_t a = 0; a < 3; ++a) REQUIRE(SameBits(copies[i].arrays[a], expected[i][a]));
    }
    double sum = 0;
    REQUIRE(SumSquaresOfArrays(gradients, &sum, nullptr));
    // 145637 positive terms, each off by 2^-53 of a partial sum at most.
    CHECK(std::fabs(sum - squares) <= squares * 145637 * std::ldexp(1.0, -53));
    if (first_sum < 0) first_sum = sum;
    CHECK(sum == first_sum);
    std::vector<FloatPair> pairs;
    std::vector<FloatArray> weights;
    for (Problem& problem : copies) {
      std::vector<float>& w = problem.arrays[0];
      pairs.push_back({w.data(), problem.gradient.data(), w.size()});
      weights.push_back({w.data(), w.size()});
    }
    AddToArrays(pairs);
    ScaleArrays(weights, 0.25f);
    for (size_t i = 0; i < copies.size(); ++i) {
      std::vector<float> result = expected[i][0];
      for (size_t k = 0; k < result.size(); ++k) result[k] = (result[k] + problems[i].gradient[k]) * 0.25f;
      REQUIRE(SameBits(copies[i].arrays[0], result));
    }
  }
  std::atomic<int32_t> stop{1};
  double sum = 0;
  CHECK(!SumSquaresOfArrays({{problems[3].gradient.data(), problems[3].gradient.size()}}, &sum, &stop));
  pool.SetThreads(before);
}
