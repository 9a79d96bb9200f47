// NonZero and Compress: outputs whose sizes depend on data.
#include <algorithm>
#include <cstring>

#include "engine/operators/element_types.h"

namespace gossamer {
namespace {

// Calls body(i) for each element that is not 0; both zeros of a float are 0, NaN is not.
template <class Body>
void ForNonZero(const Tensor& x, const Body& body) {
  const size_t count = x.Count();
  const bool number = WithNumber(x.type, [&](auto type) {
    const auto* elements = x.As<decltype(type)>();
    for (size_t i = 0; i < count; ++i) {
      if (elements[i] != 0) body(i);
    }
  });
  if (number) return;
  for (size_t i = 0; i < count; ++i) {
    const bool set = x.type == DataType::kBool ? x.As<uint8_t>()[i] != 0 : (x.As<uint16_t>()[i] & 0x7fff) != 0;
    if (set) body(i);
  }
}

class NonZeroOperator : public Operator {
 public:
  bool TrustsValues(size_t) const override { return true; }
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    int64_t count = 0;
    ForNonZero(*inputs[0], [&](size_t) { ++count; });
    // A scalar counts as a row of one element.
    outputs[0].dims = Dims{static_cast<int64_t>(std::max<size_t>(inputs[0]->dims.Rank(), 1)), count};
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext&) const override {
    const Dims& x = inputs[0]->dims;
    const size_t count = static_cast<size_t>(outputs[0].dims[1]);
    int64_t* y = outputs[0].As<int64_t>();
    size_t found = 0;
    ForNonZero(*inputs[0], [&](size_t i) {
      for (size_t a = x.Rank(); a-- > 0;) {
        y[a * count + found] = static_cast<int64_t>(i % static_cast<size_t>(x[a]));
        i /= static_cast<size_t>(x[a]);
      }
      if (x.Rank() == 0) y[found] = 0;
      ++found;
    });
  }
};

class CompressOperator : public Operator {
 public:
  CompressOperator(bool flat, int64_t axis) : flat_(flat), axis_(axis) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    const Tensor& condition = *inputs[1];
    const size_t axis = flat_ ? 0 : NormalAxis("Compress", axis_, x.Rank());
    const size_t size = flat_ ? x.Count() : static_cast<size_t>(x[axis]);
    if (condition.dims.Rank() != 1 || condition.Count() > size) {
      RefuseShape("Compress condition", "at most " + std::to_string(size) + " elements", condition.dims.Text());
    }
    const uint8_t* keep = condition.As<uint8_t>();
    int64_t kept = 0;
    for (size_t i = 0; i < condition.Count(); ++i) kept += keep[i] != 0;
    Dims dims;
    if (flat_) dims.Append(kept);
    for (size_t a = 0; !flat_ && a < x.Rank(); ++a) dims.Append(a == axis ? kept : x[a]);
    outputs[0].dims = dims;
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext&) const override {
    const Dims& x = inputs[0]->dims;
    if (outputs[0].Count() == 0) return;
    const size_t axis = flat_ ? 0 : NormalAxis("Compress", axis_, x.Rank()), element = ElementSize(outputs[0].type);
    const size_t rows = flat_ ? 1 : x.Count(0, axis), size = flat_ ? x.Count() : static_cast<size_t>(x[axis]);
    const size_t bytes = element * (flat_ ? 1 : x.Count(axis + 1, x.Rank()));
    uint8_t* y = outputs[0].As<uint8_t>();
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < inputs[1]->Count(); ++i) {
        if (inputs[1]->As<uint8_t>()[i] == 0) continue;
        std::memcpy(y, inputs[0]->As<uint8_t>() + (row * size + i) * bytes, bytes);
        y += bytes;
      }
    }
  }

 private:
  bool flat_;
  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeNonZero(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckOutputType(spec, 0, DataType::kInt64);
  return std::make_unique<NonZeroOperator>();
}

std::unique_ptr<Operator> MakeCompress(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckType(spec, 1, DataType::kBool);
  return std::make_unique<CompressOperator>(!spec.attributes.Has("axis"), spec.attributes.Int("axis", 0));
}

}  // namespace gossamer
