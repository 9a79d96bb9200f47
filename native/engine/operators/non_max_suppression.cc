// NonMaxSuppression: of boxes that overlap too much the one with the highest score, class by class.
#include <algorithm>
#include <limits>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

struct Box {
  float top, left, bottom, right;
  float Area() const { return (bottom - top) * (right - left); }
};

// Two corners in any order, or (centred) centre and size.
Box BoxOf(const float* v, bool centred) {
  if (centred) return {v[1] - v[3] / 2, v[0] - v[2] / 2, v[1] + v[3] / 2, v[0] + v[2] / 2};
  return {std::min(v[0], v[2]), std::min(v[1], v[3]), std::max(v[0], v[2]), std::max(v[1], v[3])};
}

// Whether the shared share of both is above the threshold; boxes without an area overlap nothing.
bool Overlap(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0 && width > 0)) return false;
  const float shared = height * width, all = a.Area() + b.Area() - shared;
  return a.Area() > 0 && b.Area() > 0 && all > 0 && shared / all > threshold;
}

class NonMaxSuppressionOperator : public Operator {
 public:
  explicit NonMaxSuppressionOperator(bool centred) : centred_(centred) {}

  bool TrustsValues(size_t) const override { return true; }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &boxes = inputs[0]->dims, &scores = inputs[1]->dims;
    if (boxes.Rank() != 3 || scores.Rank() != 3 || boxes[2] != 4 || boxes[0] != scores[0] || boxes[1] != scores[2]) {
      RefuseShape("NonMaxSuppression", "boxes [B, N, 4] and scores [B, C, N]", boxes.Text() + " and " + scores.Text());
    }
    int64_t kept = 0;
    ForKept(inputs, [&](size_t, size_t, size_t) { ++kept; });
    outputs[0].dims = Dims{kept, 3};
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext&) const override {
    int64_t* y = outputs[0].As<int64_t>();
    ForKept(inputs, [&](size_t batch, size_t label, size_t box) {
      *y++ = static_cast<int64_t>(batch);
      *y++ = static_cast<int64_t>(label);
      *y++ = static_cast<int64_t>(box);
    });
  }

 private:
  static float Threshold(const TensorList& inputs, size_t i, float otherwise) {
    const Tensor* given = Optional(inputs, i);
    if (given == nullptr) return otherwise;
    if (given->Count() != 1) RefuseShape("NonMaxSuppression thresholds", "one number each", given->dims.Text());
    return *given->As<float>();
  }

  // Calls keep(batch, class, box) in the order of the output: by class, then by score, of equal ones the first box.
  template <class Keep>
  void ForKept(const TensorList& inputs, const Keep& keep) const {
    const Dims& dims = inputs[1]->dims;
    const size_t classes = static_cast<size_t>(dims[1]), count = static_cast<size_t>(dims[2]);
    const int64_t most = ScalarInteger("NonMaxSuppression max_output_boxes_per_class", Optional(inputs, 2), 0);
    const float overlap = Threshold(inputs, 3, 0), least = Threshold(inputs, 4, -std::numeric_limits<float>::infinity());
    if (count == 0) return;  // of however many classes
    std::vector<size_t> order;
    std::vector<Box> boxes;
    for (size_t at = 0; at < static_cast<size_t>(dims[0]) * classes && most > 0; ++at) {
      const float* scores = inputs[1]->As<float>() + at * count;
      const float* corners = inputs[0]->As<float>() + at / classes * count * 4;
      order.clear();
      for (size_t i = 0; i < count; ++i) {
        if (scores[i] > least) order.push_back(i);  // a NaN is not
      }
      std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
      });
      boxes.clear();
      for (size_t i : order) {
        if (boxes.size() >= static_cast<size_t>(most)) break;
        const Box box = BoxOf(corners + 4 * i, centred_);
        const bool alone = std::none_of(boxes.begin(), boxes.end(), [&](const Box& other) { return Overlap(box, other, overlap); });
        if (!alone) continue;
        boxes.push_back(box);
        keep(at / classes, at % classes, i);
      }
    }
  }

  bool centred_;
};

}  // namespace

std::unique_ptr<Operator> MakeNonMaxSuppression(OperatorSpec& spec) {
  CheckArity(spec, 2, 5);
  for (size_t i : {0, 1, 3, 4}) CheckType(spec, i, DataType::kFloat32);
  CheckIntegers(spec, 2);
  CheckOutputType(spec, 0, DataType::kInt64);
  return std::make_unique<NonMaxSuppressionOperator>(spec.attributes.Int("center_point_box", 0) != 0);
}

}  // namespace gossamer
