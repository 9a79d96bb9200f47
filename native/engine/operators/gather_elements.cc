// GatherElements and ScatterElements: one index an element, along one axis.
#include "engine/operators/scatter.h"

namespace gossamer {
namespace {

// Lines of the indices along their last axis, and where each begins in x.
class Lines {
 public:
  Lines(const Dims& x, const Dims& indices, size_t axis) : x_(x), indices_(indices), axis_(axis) {
    StridesOf(x, strides_);
    last_ = x.Rank() - 1;
  }
  size_t Count() const { return indices_.Count(0, last_); }
  size_t Length() const { return static_cast<size_t>(indices_[last_]); }

  // Calls body(i, offset) with the offset in x of each element i of line `line`.
  template <class Body>
  void ForEach(const char* op, const Tensor& indices, size_t line, const Body& body) const {
    size_t base = 0, rest = line;
    for (size_t a = last_; a-- > 0;) {
      const size_t size = static_cast<size_t>(indices_[a]);
      if (a != axis_) base += rest % size * static_cast<size_t>(strides_[a]);
      rest /= size;
    }
    const size_t stride = static_cast<size_t>(strides_[axis_]), step = axis_ == last_ ? 0 : 1;
    for (size_t j = 0; j < Length(); ++j) {
      const size_t i = line * Length() + j;
      body(i, base + j * step + PlaceOf(op, IntegerAt(indices, i), x_[axis_]) * stride);
    }
  }

 private:
  const Dims &x_, &indices_;
  size_t axis_, last_;
  ptrdiff_t strides_[kMaxRank];
};

// The axis; refuses indices of another rank than x, or that reach beyond it along another axis.
size_t CheckedAxis(const char* op, int64_t given, const Dims& x, const Dims& indices) {
  const size_t axis = NormalAxis(op, given, x.Rank());
  bool fits = x.Rank() == indices.Rank();
  for (size_t a = 0; fits && a < x.Rank(); ++a) fits = a == axis || indices[a] <= x[a];
  if (!fits) RefuseShape(std::string(op) + " indices", "sizes within " + x.Text(), indices.Text());
  return axis;
}

class GatherElementsOperator : public Operator {
 public:
  explicit GatherElementsOperator(int64_t axis) : axis_(axis) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    CheckedAxis("GatherElements", axis_, inputs[0]->dims, inputs[1]->dims);
    outputs[0].dims = inputs[1]->dims;
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims &x = inputs[0]->dims, &indices = inputs[1]->dims;
    if (outputs[0].Count() == 0) return;
    const Lines lines(x, indices, CheckedAxis("GatherElements", axis_, x, indices));
    ForTiles(context, lines.Count(), 8 + 4 * lines.Length(), [&](size_t first, size_t end) {
      WithElement(ElementSize(outputs[0].type), [&](auto type) {
        using T = decltype(type);
        const T* from = inputs[0]->As<T>();
        T* to = outputs[0].As<T>();
        for (size_t line = first; line < end; ++line) {
          lines.ForEach("GatherElements", *inputs[1], line, [&](size_t i, size_t offset) { to[i] = from[offset]; });
        }
      });
    });
  }

 private:
  int64_t axis_;
};

class ScatterElementsOperator : public Operator {
 public:
  ScatterElementsOperator(int64_t axis, Reduction reduction) : axis_(axis), reduction_(reduction) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    CheckedAxis("ScatterElements", axis_, inputs[0]->dims, inputs[1]->dims);
    if (inputs[2]->dims != inputs[1]->dims) {
      RefuseShape("ScatterElements updates", inputs[1]->dims.Text(), inputs[2]->dims.Text());
    }
    outputs[0].dims = inputs[0]->dims;
  }
  // In order on one thread: of several updates of one place the last is kept, and sums do not depend on threads.
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims &x = inputs[0]->dims, &indices = inputs[1]->dims;
    const Tensor& y = outputs[0];
    if (y.data != inputs[0]->data) CopyBytes(inputs[0]->data, y.data, y.Bytes(), context);
    if (inputs[1]->Count() == 0) return;
    const Lines lines(x, indices, CheckedAxis("ScatterElements", axis_, x, indices));
    const size_t element = ElementSize(y.type);
    for (size_t line = 0; line < lines.Count(); ++line) {
      lines.ForEach("ScatterElements", *inputs[1], line, [&](size_t i, size_t offset) {
        const uint8_t* update = inputs[2]->As<uint8_t>() + i * element;
        Reduce(reduction_, y.type, update, y.As<uint8_t>() + offset * element, 1);
      });
    }
  }
  int InPlace() const override { return 0; }

 private:
  int64_t axis_;
  Reduction reduction_;
};

}  // namespace

std::unique_ptr<Operator> MakeGatherElements(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<GatherElementsOperator>(spec.attributes.Int("axis", 0));
}

std::unique_ptr<Operator> MakeScatterElements(OperatorSpec& spec) {
  CheckArity(spec, 3, 3);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  CheckSameType(spec, 0, 2);
  return std::make_unique<ScatterElementsOperator>(spec.attributes.Int("axis", 0), ReductionOf(spec));
}

}  // namespace gossamer
