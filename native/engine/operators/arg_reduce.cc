// Where along an axis the largest or smallest element is, and running sums.
#include <cmath>
#include <string>
#include <type_traits>

#include "engine/operators/axis.h"
#include "kernels/reduce_f32/reduce_f32.h"

namespace gossamer {
namespace {

// NaN counts as the most extreme, as in NumPy.
template <class T>
bool Beats(T v, T best, bool largest, bool last) {
  if (best != best) return last && v != v;
  if (v != v) return true;
  if (v == best) return last;
  return largest ? v > best : v < best;
}

class ArgOperator : public Operator {
 public:
  explicit ArgOperator(const OperatorSpec& spec)
      : type_(spec.type),
        largest_(spec.type == "ArgMax"),
        axis_(spec.attributes.Int("axis", 0)),
        keep_(spec.attributes.Int("keepdims", 1) != 0),
        last_(spec.attributes.Int("select_last_index", 0) != 0) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    const size_t axis = NormalAxis(type_.c_str(), axis_, x.Rank());
    if (x[axis] == 0) RefuseShape(type_, "an axis with elements", x.Text());
    Dims y;
    for (size_t d = 0; d < x.Rank(); ++d) {
      if (d != axis) y.Append(x[d]);
      if (d == axis && keep_) y.Append(1);
    }
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Tensor& x = *inputs[0];
    const AxisView view = ViewAxis(type_.c_str(), x.dims, axis_);
    int64_t* y = outputs[0].As<int64_t>();
    switch (x.type) {
      case DataType::kFloat32:
        if (view.inner == 1 && !last_) return Rows(x, view, y, context);
        return Scan<float>(x, view, y, context);
      case DataType::kFloat64: return Scan<double>(x, view, y, context);
      case DataType::kInt32: return Scan<int32_t>(x, view, y, context);
      case DataType::kInt64: return Scan<int64_t>(x, view, y, context);
      case DataType::kInt8: return Scan<int8_t>(x, view, y, context);
      default: return Scan<uint8_t>(x, view, y, context);
    }
  }

 private:
  // The extreme by a kernel, then its first place.
  void Rows(const Tensor& x, const AxisView& view, int64_t* y, RunContext& context) const {
    ForTiles(context, view.outer, view.size * 2, [&](size_t first, size_t end) {
      for (size_t r = first; r < end; ++r) {
        const float* row = x.As<float>() + r * view.size;
        float extreme = 0;
        ReduceRowsF32()(largest_ ? Reduce::kMax : Reduce::kMin, row, 1, view.size, view.size, &extreme);
        size_t i = 0;
        if (std::isnan(extreme)) {
          while (!std::isnan(row[i])) ++i;
        } else {
          while (row[i] != extreme) ++i;
        }
        y[r] = static_cast<int64_t>(i);
      }
    });
  }

  template <class T>
  void Scan(const Tensor& x, const AxisView& view, int64_t* y, RunContext& context) const {
    ForTiles(context, view.outer * view.inner, view.size * 2, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) {
        const T* column = x.As<T>() + i / view.inner * view.size * view.inner + i % view.inner;
        size_t best = 0;
        for (size_t r = 1; r < view.size; ++r) {
          if (Beats(column[r * view.inner], column[best * view.inner], largest_, last_)) best = r;
        }
        y[i] = static_cast<int64_t>(best);
      }
    });
  }

  std::string type_;
  bool largest_;
  int64_t axis_;
  bool keep_, last_;
};

template <class T>
class CumSumOperator : public Operator {
 public:
  CumSumOperator(bool exclusive, bool reverse) : exclusive_(exclusive), reverse_(reverse) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    Seen(inputs);  // refuses a wrong axis
    outputs[0].dims = inputs[0]->dims;
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const AxisView view = Seen(inputs);
    ForTiles(context, view.outer * view.inner, view.size * 2, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) {
        const size_t at = i / view.inner * view.size * view.inner + i % view.inner;
        const T* x = inputs[0]->As<T>() + at;
        T* y = outputs[0].As<T>() + at;
        T sum{0};
        for (size_t step = 0; step < view.size; ++step) {
          const size_t r = (reverse_ ? view.size - 1 - step : step) * view.inner;
          if (exclusive_) y[r] = sum;
          sum = Plus(sum, x[r]);
          if (!exclusive_) y[r] = sum;
        }
      }
    });
  }

 private:
  static T Plus(T a, T b) {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    return a + b;
  }
  static AxisView Seen(const TensorList& inputs) {
    if (inputs[1]->Count() != 1) RefuseShape("CumSum axis", "one number", inputs[1]->dims.Text());
    return ViewAxis("CumSum", inputs[0]->dims, IntegerAt(*inputs[1], 0));
  }
  bool exclusive_, reverse_;
};

}  // namespace

// ArgMax, ArgMin.
std::unique_ptr<Operator> MakeArg(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckOutputType(spec, 0, DataType::kInt64);
  switch (spec.inputs[0].type) {
    case DataType::kFloat32:
    case DataType::kFloat64:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kInt8:
    case DataType::kUint8: return std::make_unique<ArgOperator>(spec);
    default: RefuseType(spec.type, "float32, float64, int32, int64, int8 or uint8", spec.inputs[0].type);
  }
}

std::unique_ptr<Operator> MakeCumSum(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckIntegers(spec, 1);
  CheckSameType(spec, 0, 0);
  const bool exclusive = spec.attributes.Int("exclusive", 0) != 0, reverse = spec.attributes.Int("reverse", 0) != 0;
  switch (spec.inputs[0].type) {
    case DataType::kFloat32: return std::make_unique<CumSumOperator<float>>(exclusive, reverse);
    case DataType::kFloat64: return std::make_unique<CumSumOperator<double>>(exclusive, reverse);
    case DataType::kInt32: return std::make_unique<CumSumOperator<int32_t>>(exclusive, reverse);
    case DataType::kInt64: return std::make_unique<CumSumOperator<int64_t>>(exclusive, reverse);
    default: RefuseType("CumSum", "float32, float64, int32 or int64", spec.inputs[0].type);
  }
}

}  // namespace gossamer
