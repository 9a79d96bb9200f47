// TopK: the k largest or smallest along an axis, in order; of equal ones the first. NaN counts as the largest.
#include <algorithm>

#include "engine/operators/element_types.h"

namespace gossamer {
namespace {

template <class T>
struct Candidate {
  T value;
  int64_t index;
};

// Whether a comes before b.
template <class T>
bool Before(const Candidate<T>& a, const Candidate<T>& b, bool largest) {
  const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
  if (a_nan || b_nan) {
    if (a_nan != b_nan) return a_nan == largest;
  } else if (a.value != b.value) {
    return largest ? a.value > b.value : a.value < b.value;
  }
  return a.index < b.index;
}

class TopKOperator : public Operator {
 public:
  TopKOperator(int64_t axis, bool largest) : axis_(axis), largest_(largest) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    const size_t axis = NormalAxis("TopK", axis_, x.Rank());
    const int64_t k = ScalarInteger("TopK K", inputs[1], 0);
    if (k < 0 || k > x[axis]) RefuseValue("TopK K", "a number from 0 to " + std::to_string(x[axis]), std::to_string(k));
    Dims dims;
    for (size_t a = 0; a < x.Rank(); ++a) dims.Append(a == axis ? k : x[a]);
    for (Tensor& output : outputs) output.dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& x = inputs[0]->dims;
    if (outputs[0].Count() == 0) return;
    const size_t axis = NormalAxis("TopK", axis_, x.Rank());
    const Line line{static_cast<size_t>(x[axis]), static_cast<size_t>(outputs[0].dims[axis]), x.Count(axis + 1, x.Rank())};
    ForTiles(context, x.Count(0, axis) * line.inner, 8 * line.size, [&](size_t first, size_t end) {
      WithNumber(inputs[0]->type, [&](auto type) { Select<decltype(type)>(inputs, outputs, line, first, end); });
    });
  }

 private:
  struct Line {
    size_t size, k, inner;
  };

  template <class T>
  void Select(const TensorList& inputs, const std::vector<Tensor>& outputs, const Line& line, size_t first,
              size_t end) const {
    const auto before = [this](const Candidate<T>& a, const Candidate<T>& b) { return Before(a, b, largest_); };
    std::vector<Candidate<T>> best;  // a heap of the k best so far, the last of them on top
    best.reserve(line.k);
    for (size_t at = first; at < end; ++at) {
      const size_t outer = at / line.inner, i = at % line.inner;
      const T* x = inputs[0]->As<T>() + outer * line.size * line.inner + i;
      best.clear();
      for (size_t j = 0; j < line.size; ++j) {
        const Candidate<T> candidate{x[j * line.inner], static_cast<int64_t>(j)};
        if (best.size() < line.k) {
          best.push_back(candidate);
          std::push_heap(best.begin(), best.end(), before);
        } else if (before(candidate, best.front())) {
          std::pop_heap(best.begin(), best.end(), before);
          best.back() = candidate;
          std::push_heap(best.begin(), best.end(), before);
        }
      }
      std::sort_heap(best.begin(), best.end(), before);
      for (size_t j = 0; j < line.k; ++j) {
        const size_t place = (outer * line.k + j) * line.inner + i;
        outputs[0].As<T>()[place] = best[j].value;
        if (outputs.size() > 1) outputs[1].As<int64_t>()[place] = best[j].index;
      }
    }
  }

  int64_t axis_;
  bool largest_;
};

}  // namespace

std::unique_ptr<Operator> MakeTopK(OperatorSpec& spec) {
  CheckArity(spec, 2, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  CheckOutputType(spec, 1, DataType::kInt64);
  if (!IsNumber(spec.inputs[0].type)) RefuseType("TopK", "numbers", spec.inputs[0].type);
  return std::make_unique<TopKOperator>(spec.attributes.Int("axis", -1), spec.attributes.Int("largest", 1) != 0);
}

}  // namespace gossamer
