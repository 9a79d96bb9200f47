// SoftmaxCrossEntropy and SoftmaxCrossEntropyGrad: the weighted mean over all positions of
//   (1 - s) * -log p[label] + s * mean over the classes of -log p, p = softmax(logits) along axis 1, s label_smoothing,
// and its gradient. Positions are [N, d...]; a position of weight 0 adds nothing, whatever it holds.
#include <algorithm>
#include <limits>

#include "engine/operators/axis.h"
#include "kernels/cross_entropy_grad_f32/cross_entropy_grad_f32.h"
#include "kernels/reduce_f32/reduce_f32.h"
#include "kernels/softmax_f32/softmax_f32.h"

namespace gossamer {
namespace {

// Classes are axis 1; labels and weights have the other axes.
AxisView ClassView(const char* op, const Dims& logits, const Tensor& labels, const Tensor& weights) {
  if (logits.Rank() < 2) RefuseShape(std::string(op) + " logits", "[N, C, ...]", logits.Text());
  Dims positions;
  for (size_t axis = 0; axis < logits.Rank(); ++axis) {
    if (axis != 1) positions.Append(logits[axis]);
  }
  if (labels.dims != positions) RefuseShape(std::string(op) + " labels", positions.Text(), labels.dims.Text());
  if (weights.dims != positions) RefuseShape(std::string(op) + " weights", positions.Text(), weights.dims.Text());
  return ViewAxis(op, logits, 1);
}

void CheckLabels(const char* op, const Tensor& labels, size_t classes) {
  const auto* label = labels.As<int64_t>();
  for (size_t i = 0, count = labels.Count(); i < count; ++i) {
    if (label[i] >= 0 && static_cast<size_t>(label[i]) < classes) continue;
    RefuseValue(std::string(op) + " labels", "labels of " + std::to_string(classes) + " classes",
                std::to_string(label[i]));
  }
}

// The sum of the weights, no less than the smallest normal float.
float TotalWeight(const Tensor& weights) {
  float sum = 0;
  const size_t count = weights.Count();
  ReduceRowsF32()(Reduce::kSum, weights.As<float>(), 1, count, count, &sum);
  return std::max(sum, std::numeric_limits<float>::min());
}

// Calls body(outer, first, end) for positions first .. end - 1 of an outer index, or of all of them where inner is 1.
template <class Body>
void ForPositions(RunContext& context, const AxisView& view, const Body& body) {
  if (view.inner == 1) {
    ForTiles(context, view.outer, view.size * 4, [&](size_t first, size_t end) { body(0, first, end); });
  } else {
    ForColumns(context, view, view.size * 4, body);
  }
}

class CrossEntropyOperator : public Operator {
 public:
  explicit CrossEntropyOperator(float smoothing) : smoothing_(smoothing) {}

  // logits, labels, weights -> loss, log_prob
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    ClassView(kName, inputs[0]->dims, *inputs[1], *inputs[2]);
    outputs[0].dims = Dims();
    if (outputs.size() > 1) outputs[1].dims = inputs[0]->dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const AxisView view = ClassView(kName, inputs[0]->dims, *inputs[1], *inputs[2]);
    CheckLabels(kName, *inputs[1], view.size);
    const size_t positions = view.outer * view.inner;
    float* log_prob = outputs.size() > 1 ? outputs[1].As<float>()
                                         : static_cast<float*>(context.Scratch(inputs[0]->Bytes()));
    auto* losses = static_cast<float*>(context.Scratch(2 * positions * sizeof(float)));
    ForPositions(context, view, [&](size_t outer, size_t first, size_t end) {
      const bool rows = view.inner == 1;
      const size_t at = outer * view.inner + first;
      const size_t element = rows ? first * view.size : outer * view.size * view.inner + first;
      const float* logits = inputs[0]->As<float>() + element;
      float *to = log_prob + element, *sums = losses + positions + at;
      if (rows) {
        SoftmaxF32()(Softmax::kLog, logits, end - first, view.size, to);
        if (smoothing_ != 0) ReduceRowsF32()(Reduce::kSum, to, end - first, view.size, view.size, sums);
      } else {
        SoftmaxColumnsF32()(Softmax::kLog, logits, view.size, end - first, view.inner, to);
        if (smoothing_ != 0) ReduceColumnsF32()(Reduce::kSum, to, view.size, end - first, view.inner, sums);
      }
      for (size_t i = 0; i < end - first; ++i, to += rows ? view.size : 1) {
        losses[at + i] = Loss(inputs, view, to, smoothing_ == 0 ? 0 : sums[i], at + i);
      }
    });
    float sum = 0;
    ReduceRowsF32()(Reduce::kSum, losses, 1, positions, positions, &sum);
    outputs[0].As<float>()[0] = sum / TotalWeight(*inputs[2]);
  }

 private:
  static constexpr const char* kName = "SoftmaxCrossEntropy";

  // The weighted loss of position i, whose classes are at log_prob, view.inner apart, and add up to sum.
  float Loss(const TensorList& inputs, const AxisView& view, const float* log_prob, float sum, size_t i) const {
    const float weight = inputs[2]->As<float>()[i];
    if (weight == 0) return 0;
    const auto label = static_cast<size_t>(inputs[1]->As<int64_t>()[i]);
    const float at_label = log_prob[label * view.inner];
    if (smoothing_ == 0) return -weight * at_label;
    const float mean = sum / static_cast<float>(view.size);
    return -weight * ((1 - smoothing_) * at_label + smoothing_ * mean);
  }

  float smoothing_;
};

class CrossEntropyGradOperator : public Operator {
 public:
  explicit CrossEntropyGradOperator(float smoothing) : smoothing_(smoothing) {}

  // dloss, log_prob, labels, weights -> dlogits
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    if (inputs[0]->Count() != 1) RefuseShape("SoftmaxCrossEntropyGrad dloss", "one number", inputs[0]->dims.Text());
    ClassView(kName, inputs[1]->dims, *inputs[2], *inputs[3]);
    outputs[0].dims = inputs[1]->dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const AxisView view = ClassView(kName, inputs[1]->dims, *inputs[2], *inputs[3]);
    CheckLabels(kName, *inputs[2], view.size);
    const size_t positions = view.outer * view.inner;
    auto* factors = static_cast<float*>(context.Scratch(positions * sizeof(float)));
    // The weight's share first: without any weight the quotient of dloss might be infinite, and 0 times that NaN.
    const float dloss = inputs[0]->As<float>()[0], total = TotalWeight(*inputs[3]);
    for (size_t i = 0; i < positions; ++i) factors[i] = inputs[3]->As<float>()[i] / total * dloss;
    const float* log_prob = inputs[1]->As<float>();
    float* dx = outputs[0].As<float>();
    ForPositions(context, view, [&](size_t outer, size_t first, size_t end) {
      const size_t at = outer * view.inner + first;
      const SmoothedLabels to{inputs[2]->As<int64_t>() + at, factors + at, smoothing_};
      if (view.inner == 1) {
        const size_t element = first * view.size;
        CrossEntropyGradF32()(to, log_prob + element, end - first, view.size, dx + element);
      } else {
        const size_t element = outer * view.size * view.inner + first;
        CrossEntropyGradColumnsF32()(to, log_prob + element, view.size, end - first, view.inner, dx + element);
      }
    });
  }

 private:
  static constexpr const char* kName = "SoftmaxCrossEntropyGrad";
  float smoothing_;
};

float SmoothingOf(const OperatorSpec& spec) {
  const float smoothing = spec.attributes.Float("label_smoothing", 0);
  if (!(smoothing >= 0 && smoothing <= 1)) {
    RefuseProgram(spec.type + " label_smoothing", "a number in [0, 1]", std::to_string(smoothing));
  }
  return smoothing;
}

}  // namespace

std::unique_ptr<Operator> MakeSoftmaxCrossEntropy(OperatorSpec& spec) {
  CheckArity(spec, 3, 3, 2);
  CheckType(spec, 0, DataType::kFloat32);
  CheckType(spec, 1, DataType::kInt64);
  CheckType(spec, 2, DataType::kFloat32);
  for (size_t i = 0; i < spec.outputs.size(); ++i) CheckOutputType(spec, i, DataType::kFloat32);
  return std::make_unique<CrossEntropyOperator>(SmoothingOf(spec));
}

std::unique_ptr<Operator> MakeSoftmaxCrossEntropyGrad(OperatorSpec& spec) {
  CheckArity(spec, 4, 4);
  CheckType(spec, 0, DataType::kFloat32);
  CheckType(spec, 1, DataType::kFloat32);
  CheckType(spec, 2, DataType::kInt64);
  CheckType(spec, 3, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  return std::make_unique<CrossEntropyGradOperator>(SmoothingOf(spec));
}

}  // namespace gossamer
