// Concat and Split along an axis.
#include <limits>

#include "engine/carried.h"
#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

// The box of `part`, whose rows of `width` elements along the axis and behind it lie `from` elements apart in x and `to`
// in y.
void CopyPart(const void* x, void* y, size_t element, size_t rows, size_t width, size_t from, size_t to,
              RunContext& context) {
  const CopyAxis axes[2] = {{rows, static_cast<ptrdiff_t>(from), static_cast<ptrdiff_t>(to)}, {width, 1, 1}};
  RunCopy(StridedCopy(x, y, element, axes, 2), context);
}

class ConcatOperator : public Operator {
 public:
  explicit ConcatOperator(int64_t axis) : axis_(axis) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& first = inputs[0]->dims;
    const size_t axis = NormalAxis("Concat", axis_, first.Rank());
    int64_t sum = 0;
    for (const Tensor* input : inputs) {
      bool same = input->dims.Rank() == first.Rank();
      for (size_t a = 0; same && a < first.Rank(); ++a) same = a == axis || input->dims[a] == first[a];
      if (!same) RefuseShape("Concat", "the sizes of " + first.Text() + " but for one axis", input->dims.Text());
      sum = SumOfSizes(sum, input->dims[axis]);
    }
    Dims dims;
    for (size_t a = 0; a < first.Rank(); ++a) dims.Append(a == axis ? sum : first[a]);
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = outputs[0].dims;
    const size_t axis = NormalAxis("Concat", axis_, dims.Rank()), element = ElementSize(outputs[0].type);
    const size_t rows = dims.Count(0, axis), stride = dims.Count(axis, dims.Rank());
    uint8_t* y = outputs[0].As<uint8_t>();
    for (const Tensor* input : inputs) {
      const size_t width = input->dims.Count(axis, dims.Rank());
      CopyPart(input->data, y, element, rows, width, width, stride, context);
      y += width * element;
    }
  }

  bool Appends() const override { return true; }
  void RunAppending(const TensorList& inputs, Tensor& output, Carried& value, RunContext& context) const override {
    const size_t axis = NormalAxis("Concat", axis_, output.dims.Rank());
    output = Append(value, axis, inputs.data() + 1, inputs.size() - 1, context);
  }

 private:
  int64_t axis_;
};

class SplitOperator : public Operator {
 public:
  SplitOperator(int64_t axis, int64_t parts) : axis_(axis), parts_(parts) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& from = inputs[0]->dims;
    const size_t axis = NormalAxis("Split", axis_, from.Rank());
    const int64_t count = static_cast<int64_t>(outputs.size()), size = from[axis];
    const Tensor* sizes = Optional(inputs, 1);
    if (sizes && (sizes->dims.Rank() > 1 || sizes->Count() != outputs.size())) {
      RefuseShape("Split split", std::to_string(count) + " sizes", sizes->dims.Text());
    }
    if (!sizes && parts_ == 0 && size % count != 0) {
      RefuseShape("Split", std::to_string(count) + " equal parts", std::to_string(size));
    }
    // num_outputs: the last part is the smaller one.
    const int64_t equal = size / count + (size % count != 0 ? 1 : 0);
    int64_t left = size;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const int64_t part = sizes ? IntegerAt(*sizes, i) : equal < left ? equal : left;
      if (part < 0 || part > left) {
        RefuseShape("Split split", "sizes that add up to " + std::to_string(size), std::to_string(part));
      }
      left -= part;
      Dims dims;
      for (size_t a = 0; a < from.Rank(); ++a) dims.Append(a == axis ? part : from[a]);
      outputs[i].dims = dims;
    }
    if (left != 0) RefuseShape("Split split", "sizes that add up to " + std::to_string(size), std::to_string(size - left));
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = inputs[0]->dims;
    const size_t axis = NormalAxis("Split", axis_, dims.Rank()), element = ElementSize(inputs[0]->type);
    const size_t rows = dims.Count(0, axis), stride = dims.Count(axis, dims.Rank());
    const uint8_t* x = inputs[0]->As<uint8_t>();
    for (const Tensor& output : outputs) {
      const size_t width = output.dims.Count(axis, dims.Rank());
      CopyPart(x, output.data, element, rows, width, stride, width, context);
      x += width * element;
    }
  }

 private:
  int64_t axis_, parts_;
};

}  // namespace

std::unique_ptr<Operator> MakeConcat(OperatorSpec& spec) {
  CheckArity(spec, spec.inputs.empty() ? 1 : spec.inputs.size(), spec.inputs.size());
  for (size_t i = 0; i < spec.inputs.size(); ++i) CheckSameType(spec, 0, i);
  return std::make_unique<ConcatOperator>(spec.attributes.Int("axis", 0));
}

std::unique_ptr<Operator> MakeSplit(OperatorSpec& spec) {
  CheckArity(spec, 1, 2, std::numeric_limits<size_t>::max());
  for (size_t i = 0; i < spec.outputs.size(); ++i) CheckSameType(spec, i, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<SplitOperator>(spec.attributes.Int("axis", 0), spec.attributes.Int("num_outputs", 0));
}

}  // namespace gossamer
