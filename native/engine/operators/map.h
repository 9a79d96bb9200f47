// Operators that compute each element of their output from the element of input 0 in the same place.
#pragma once
#include <memory>
#include <utility>

#include "engine/operators/arguments.h"

namespace gossamer {

// Function is called as function(const uint8_t* x, size_t count, uint8_t* y) for pieces of the input; x and y may be
// the same memory. `cost`: elementary operations an element.
template <class Function>
class MapOperator : public Operator {
 public:
  MapOperator(Function function, DataType x, DataType y, size_t cost)
      : function_(std::move(function)), x_size_(ElementSize(x)), y_size_(ElementSize(y)), cost_(cost) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = inputs[0]->dims;
  }
  int InPlace() const override { return x_size_ == y_size_ ? 0 : -1; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const uint8_t* x = inputs[0]->As<uint8_t>();
    uint8_t* y = outputs[0].As<uint8_t>();
    ForTiles(context, inputs[0]->Count(), cost_, [&](size_t first, size_t end) {
      function_(x + first * x_size_, end - first, y + first * y_size_);
    });
  }

 private:
  Function function_;
  size_t x_size_, y_size_, cost_;
};

template <class Function>
std::unique_ptr<Operator> MakeMap(const OperatorSpec& spec, size_t cost, Function function) {
  return std::make_unique<MapOperator<Function>>(std::move(function), spec.inputs[0].type, spec.outputs[0], cost);
}

// y = f(x) for elements of X and Y, for MakeMap.
template <class X, class Y, class F>
auto EachElement(F f) {
  return [f](const uint8_t* from, size_t count, uint8_t* to) {
    const X* x = reinterpret_cast<const X*>(from);
    Y* y = reinterpret_cast<Y*>(to);
    for (size_t i = 0; i < count; ++i) y[i] = f(x[i]);
  };
}

}  // namespace gossamer
