// Normalisation of [N, C, ...]: BatchNormalization (inference), InstanceNormalization, GroupNormalization. Each ends as
// y = fma(x, scale, shift) with two numbers a channel.
#include <cmath>
#include <string>
#include <utility>

#include "engine/operators/arguments.h"
#include "kernels/normalize_f32/normalize_f32.h"

namespace gossamer {
namespace {

struct Sizes {
  size_t batch, channels, inner;
};
Sizes SizesOf(const char* op, const Dims& x) {
  if (x.Rank() < 2) RefuseShape(op, "[N, C, ...]", x.Text());
  return {x.Count(0, 1), x.Count(1, 2), x.Count(2, x.Rank())};
}

void CheckChannels(const char* op, const TensorList& inputs, size_t channels) {
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i]->Count() != channels) {
      RefuseShape(std::string(op) + " input " + std::to_string(i), std::to_string(channels) + " numbers",
                  inputs[i]->dims.Text());
    }
  }
}

class BatchNormOperator : public Operator {
 public:
  explicit BatchNormOperator(float epsilon) : epsilon_(epsilon) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    // A single axis is that of the channels.
    const Dims& x = inputs[0]->dims;
    CheckChannels("BatchNormalization", inputs, x.Rank() == 1 ? 1 : SizesOf("BatchNormalization", x).channels);
    outputs[0].dims = x;
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = inputs[0]->dims;
    const Sizes sizes = dims.Rank() == 1 ? Sizes{1, 1, dims.Count()} : SizesOf("BatchNormalization", dims);
    const size_t channels = sizes.channels;
    const float *scale = inputs[1]->As<float>(), *shift = inputs[2]->As<float>(), *mean = inputs[3]->As<float>(),
                *variance = inputs[4]->As<float>();
    float* s = static_cast<float*>(context.Scratch(2 * channels * sizeof(float)));
    float* t = s + channels;
    for (size_t c = 0; c < channels; ++c) {
      s[c] = scale[c] / std::sqrt(variance[c] + epsilon_);
      t[c] = std::fma(-mean[c], s[c], shift[c]);
    }
    const float* x = inputs[0]->As<float>();
    float* y = outputs[0].As<float>();
    if (sizes.inner == 1) {  // [N, C]
      ForTiles(context, sizes.batch, channels, [&](size_t first, size_t end) {
        AffineF32()(AffineAxis::kColumns, x + first * channels, end - first, channels, s, t, y + first * channels);
      });
      return;
    }
    ForTiles(context, sizes.batch * channels, sizes.inner, [&](size_t first, size_t end) {
      while (first < end) {
        const size_t c = first % channels, count = end - first < channels - c ? end - first : channels - c;
        AffineF32()(AffineAxis::kRows, x + first * sizes.inner, count, sizes.inner, s + c, t + c,
                    y + first * sizes.inner);
        first += count;
      }
    });
  }

 private:
  float epsilon_;
};

// Mean and variance of each group of channels of each sample; a group of one: instance normalisation.
class GroupNormOperator : public Operator {
 public:
  GroupNormOperator(std::string type, size_t groups, float epsilon)
      : type_(std::move(type)), groups_(groups), epsilon_(epsilon) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Sizes sizes = SizesOf(type_.c_str(), inputs[0]->dims);
    CheckChannels(type_.c_str(), inputs, sizes.channels);
    if (groups_ != 0 && sizes.channels % groups_ != 0) {
      RefuseShape(type_ + " num_groups", "a divisor of " + std::to_string(sizes.channels), std::to_string(groups_));
    }
    outputs[0].dims = inputs[0]->dims;
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Sizes sizes = SizesOf(type_.c_str(), inputs[0]->dims);
    const size_t groups = groups_ == 0 ? sizes.channels : groups_;
    if (sizes.channels == 0 || sizes.inner == 0) return;
    const size_t members = sizes.channels / groups, row = members * sizes.inner;
    const float *x = inputs[0]->As<float>(), *scale = inputs[1]->As<float>(), *shift = inputs[2]->As<float>();
    float* y = outputs[0].As<float>();
    ForTiles(context, sizes.batch * groups, row, [&](size_t first, size_t end) {
      for (size_t g = first; g < end; ++g) {
        float mean = 0, variance = 0;
        MomentsF32()(x + g * row, row, &mean, &variance);
        const float reciprocal = 1 / std::sqrt(variance + epsilon_);
        for (size_t m = 0; m < members; ++m) {
          const size_t c = g % groups * members + m, at = g * row + m * sizes.inner;
          const float s = scale[c] * reciprocal, t = std::fma(-mean, s, shift[c]);
          AffineF32()(AffineAxis::kRows, x + at, 1, sizes.inner, &s, &t, y + at);
        }
      }
    });
  }

 private:
  std::string type_;
  size_t groups_;  // 0: as many as channels
  float epsilon_;
};

void CheckFloats(const OperatorSpec& spec, size_t inputs) {
  CheckArity(spec, inputs, inputs);
  for (size_t i = 0; i < inputs; ++i) CheckType(spec, i, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
}

}  // namespace

std::unique_ptr<Operator> MakeBatchNorm(OperatorSpec& spec) {
  CheckFloats(spec, 5);
  if (spec.attributes.Int("training_mode", 0) != 0) RefuseProgram("BatchNormalization training_mode", "0", "1");
  return std::make_unique<BatchNormOperator>(spec.attributes.Float("epsilon", 1e-5f));
}

// InstanceNormalization, GroupNormalization.
std::unique_ptr<Operator> MakeGroupNorm(OperatorSpec& spec) {
  CheckFloats(spec, 3);
  int64_t groups = 0;
  if (spec.type == "GroupNormalization") {
    groups = spec.attributes.Int("num_groups", 0);
    if (groups < 1) RefuseProgram("GroupNormalization num_groups", "1 or more", std::to_string(groups));
  }
  return std::make_unique<GroupNormOperator>(spec.type, static_cast<size_t>(groups),
                                             spec.attributes.Float("epsilon", 1e-5f));
}

}  // namespace gossamer
