// Adaptive probabilities of binary decisions, one a context, and the codes of integers over them: coders/bit-models.ts, exp-golomb.ts.
#pragma once
#include <algorithm>
#include <vector>

#include "encode/range_decoder.h"

namespace gossamer {

class BitModels {
 public:
  explicit BitModels(size_t contexts) : models_(contexts) {}

  // In 1/65536, within [16, 65520].
  uint32_t P1(size_t context) const {
    const Model& model = models_[context];
    const auto p = static_cast<uint32_t>(0.5 * (static_cast<double>(model.fast) + static_cast<double>(model.slow)));
    return std::min(65520u, std::max(16u, p));
  }

  uint32_t Count(size_t context) const { return models_[context].count; }

  void Update(size_t context, uint32_t bit) {
    Model& model = models_[context];
    const double target = bit != 0 ? 65536.0 : 0.0, fast = model.fast, slow = model.slow;
    model.fast = static_cast<float>(fast + (target - fast) * kSteps.step[std::min(model.count, kFastCount)]);
    model.slow = static_cast<float>(slow + (target - slow) * kSteps.step[model.count]);
    if (model.count < kSlowCount) ++model.count;
  }

  uint32_t Code(RangeDecoder& coder, size_t context) {
    const uint32_t bit = coder.Code(P1(context));
    Update(context, bit);
    return bit;
  }

  // `bits` bits by a walk down a binary tree of the contexts from `base` on.
  uint32_t CodeTree(RangeDecoder& coder, size_t base, uint32_t bits) {
    uint32_t node = 1;
    for (uint32_t i = 0; i < bits; ++i) node = node << 1 | Code(coder, base + node);
    return node - (1u << bits);
  }

 private:
  static constexpr uint32_t kSlowCount = 1023, kFastCount = 150;
  struct Model {
    float fast = 32768, slow = 32768;
    uint32_t count = 0;
  };
  // Step towards a bit after that many.
  struct Steps {
    double step[kSlowCount + 1];
    Steps() {
      for (uint32_t count = 0; count <= kSlowCount; ++count) step[count] = 1 / (count + 1.6);
    }
  };
  static const Steps kSteps;

  std::vector<Model> models_;
};

// Contexts of one exp-Golomb code.
constexpr size_t kExpGolombContexts = 54 + 54 * 4;

// An integer in [0, 2^53 - 1).
inline uint64_t CodeExpGolomb(RangeDecoder& coder, BitModels& models, size_t base) {
  uint32_t length = 1;
  while (models.Code(coder, base + length) == 1) {
    if (++length > 53) throw DamagedStream();
  }
  uint64_t result = 1;
  uint32_t node = 1;
  for (uint32_t i = 0; i + 1 < length; ++i) {
    uint32_t bit;
    if (i < 2) {
      bit = models.Code(coder, base + 54 + 4 * length + node);
      node = node << 1 | bit;
    } else {
      bit = coder.Raw(1);
    }
    result = result << 1 | bit;
  }
  return result - 1;
}

}  // namespace gossamer
