// Normalisations of older networks: LpNormalization, MeanVarianceNormalization, LRN.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/operators/axis.h"
#include "kernels/binary_f32/binary_f32.h"
#include "kernels/reduce_f32/reduce_f32.h"
#include "kernels/unary_f32/unary_f32.h"

namespace gossamer {
namespace {

constexpr size_t kBlock = 64;  // columns at a time

// x over its norm of order 1 or 2 along an axis; zeros stay zeros.
class LpNormOperator : public Operator {
 public:
  LpNormOperator(int64_t axis, bool squares) : axis_(axis), squares_(squares) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    NormalAxis("LpNormalization", axis_, inputs[0]->dims.Rank());
    outputs[0].dims = inputs[0]->dims;
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const AxisView view = ViewAxis("LpNormalization", inputs[0]->dims, axis_);
    const Reduce kind = squares_ ? Reduce::kSumSquares : Reduce::kSumAbs;
    ForColumns(context, view, view.size * 2, [&](size_t outer, size_t begin, size_t end) {
      for (size_t first = begin; first < end; first += kBlock) {
        const size_t count = std::min(kBlock, end - first), at = outer * view.size * view.inner + first;
        const float* x = inputs[0]->As<float>() + at;
        float* y = outputs[0].As<float>() + at;
        float norms[kBlock];
        if (view.inner == 1) {
          ReduceRowsF32()(kind, x, 1, view.size, view.size, norms);
        } else {
          ReduceColumnsF32()(kind, x, view.size, count, view.inner, norms);
        }
        for (size_t c = 0; c < count; ++c) {
          if (squares_) norms[c] = std::sqrt(norms[c]);
          if (norms[c] == 0) norms[c] = 1;
        }
        if (view.inner == 1) {
          BinaryF32()(Binary::kDiv, {x, 0, 1}, {norms, 0, 0}, 1, view.size, y);
          continue;
        }
        for (size_t r = 0; r < view.size; ++r) {
          BinaryF32()(Binary::kDiv, {x + r * view.inner, 0, 1}, {norms, 0, 1}, 1, count, y + r * view.inner);
        }
      }
    });
  }

 private:
  int64_t axis_;
  bool squares_;
};

// (x - mean) / (deviation + 1e-9) over any axes, in float64.
class MeanVarianceOperator : public Operator {
 public:
  explicit MeanVarianceOperator(std::vector<int64_t> axes) : axes_(std::move(axes)) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    for (int64_t axis : axes_) NormalAxis("MeanVarianceNormalization", axis, inputs[0]->dims.Rank());
    outputs[0].dims = inputs[0]->dims;
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = inputs[0]->dims;
    const size_t count = dims.Count();
    if (count == 0) return;
    // How far the group of an element is along each axis: 0 along the reduced ones.
    size_t steps[kMaxRank], groups = 1;
    for (size_t d = dims.Rank(); d-- > 0;) {
      bool reduced = false;
      for (int64_t axis : axes_) reduced = reduced || NormalAxis("", axis, dims.Rank()) == d;
      steps[d] = reduced ? 0 : groups;
      groups *= reduced ? 1 : static_cast<size_t>(dims[d]);
    }
    double* mean = static_cast<double*>(context.Scratch(2 * groups * sizeof(double)));
    double* scale = mean + groups;
    std::fill(mean, mean + 2 * groups, 0.0);
    const float* x = inputs[0]->As<float>();
    float* y = outputs[0].As<float>();
    const double members = static_cast<double>(count / groups);
    ForElements(dims, steps, [&](size_t i, size_t group) { mean[group] += x[i] / members; });
    ForElements(dims, steps, [&](size_t i, size_t group) {
      const double difference = x[i] - mean[group];
      scale[group] += difference * difference / members;
    });
    for (size_t group = 0; group < groups; ++group) scale[group] = 1 / (std::sqrt(scale[group]) + 1e-9);
    ForElements(dims, steps, [&](size_t i, size_t group) {
      y[i] = static_cast<float>((x[i] - mean[group]) * scale[group]);
    });
  }

 private:
  template <class Body>
  static void ForElements(const Dims& dims, const size_t (&steps)[kMaxRank], const Body& body) {
    size_t index[kMaxRank] = {}, group = 0;
    const size_t count = dims.Count();
    for (size_t i = 0; i < count; ++i) {
      body(i, group);
      for (size_t d = dims.Rank(); d-- > 0;) {
        group += steps[d];
        if (++index[d] < static_cast<size_t>(dims[d])) break;
        group -= steps[d] * index[d];
        index[d] = 0;
      }
    }
  }
  std::vector<int64_t> axes_;
};

// y[c] = x[c] / (bias + alpha / size * sum of squares of the `size` channels around c)^beta
class LrnOperator : public Operator {
 public:
  LrnOperator(int64_t size, float alpha, float beta, float bias)
      : before_(static_cast<size_t>((size - 1) / 2)),
        after_(static_cast<size_t>(size / 2)),
        alpha_(alpha / static_cast<float>(size)),
        beta_(beta),
        bias_(bias) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    if (inputs[0]->dims.Rank() < 2) RefuseShape("LRN", "[N, C, ...]", inputs[0]->dims.Text());
    outputs[0].dims = inputs[0]->dims;
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const AxisView view = ViewAxes(inputs[0]->dims, 1, 2);
    constexpr size_t kCost = 2;
    ForColumns(context, view, view.size * kCost, [&](size_t outer, size_t begin, size_t end) {
      for (size_t first = begin; first < end; first += kBlock) {
        const size_t at = outer * view.size * view.inner + first;
        Columns(inputs[0]->As<float>() + at, view, std::min(kBlock, end - first), outputs[0].As<float>() + at);
      }
    });
  }

 private:
  void Columns(const float* x, const AxisView& view, size_t count, float* y) const {
    float sums[kBlock];
    for (size_t c = 0; c < view.size; ++c) {
      const size_t from = c < before_ ? 0 : c - before_, to = std::min(view.size, c + after_ + 1);
      ReduceColumnsF32()(Reduce::kSumSquares, x + from * view.inner, to - from, count, view.inner, sums);
      for (size_t i = 0; i < count; ++i) sums[i] = bias_ + alpha_ * sums[i];
      UnaryF32()({Unary::kLog, 0, 0}, sums, count, sums);
      for (size_t i = 0; i < count; ++i) sums[i] *= -beta_;
      ActivateF32()({Activation::kExp, 0, 0}, sums, count, sums);
      for (size_t i = 0; i < count; ++i) y[c * view.inner + i] = x[c * view.inner + i] * sums[i];
    }
  }
  size_t before_, after_;
  float alpha_, beta_, bias_;
};

}  // namespace

// LpNormalization, MeanVarianceNormalization, LRN.
std::unique_ptr<Operator> MakeOtherNorm(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckType(spec, 0, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  const Attributes& attributes = spec.attributes;
  if (spec.type == "LpNormalization") {
    const int64_t p = attributes.Int("p", 2);
    if (p != 1 && p != 2) RefuseProgram("LpNormalization p", "1 or 2", std::to_string(p));
    return std::make_unique<LpNormOperator>(attributes.Int("axis", -1), p == 2);
  }
  if (spec.type == "MeanVarianceNormalization") {
    return std::make_unique<MeanVarianceOperator>(attributes.Has("axes") ? attributes.Ints("axes")
                                                                         : std::vector<int64_t>{0, 2, 3});
  }
  const int64_t size = attributes.Int("size", 0);
  constexpr int64_t kMost = 1 << 20;
  if (size < 1 || size > kMost) RefuseProgram("LRN size", "1 or more", std::to_string(size));
  return std::make_unique<LrnOperator>(size, attributes.Float("alpha", 1e-4f), attributes.Float("beta", 0.75f),
                                       attributes.Float("bias", 1));
}

}  // namespace gossamer
