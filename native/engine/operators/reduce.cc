// Reductions over any axes. The axes are merged into runs that are kept or reduced, and the runs reduced one after the
// other from the right, each as [outer, size, inner]: float32 by kernels, other types by plain loops.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "engine/operators/axis.h"
#include "engine/operators/column_sums.h"
#include "kernels/reduce_f32/reduce_f32.h"

namespace gossamer {
namespace {

// The first run of axes is folded by `step`, each other by `again`, and then comes `last`.
enum class Last : uint8_t { kNone, kDivide, kRoot, kLog };
struct Form {
  const char* type;
  Reduce step, again;
  Last last;
};
constexpr Form kForms[] = {{"ReduceL1", Reduce::kSumAbs, Reduce::kSum, Last::kNone},
                           {"ReduceL2", Reduce::kSumSquares, Reduce::kSum, Last::kRoot},
                           {"ReduceLogSum", Reduce::kSum, Reduce::kSum, Last::kLog},
                           {"ReduceMax", Reduce::kMax, Reduce::kMax, Last::kNone},
                           {"ReduceMean", Reduce::kSum, Reduce::kSum, Last::kDivide},
                           {"ReduceMin", Reduce::kMin, Reduce::kMin, Last::kNone},
                           {"ReduceProd", Reduce::kProd, Reduce::kProd, Last::kNone},
                           {"ReduceSum", Reduce::kSum, Reduce::kSum, Last::kNone},
                           {"ReduceSumSquare", Reduce::kSumSquares, Reduce::kSum, Last::kNone}};

struct Runs {
  size_t count = 0;
  size_t sizes[kMaxRank];
  bool reduced[kMaxRank];
  size_t reduced_elements = 1;  // that one result is made of
};
Runs MergeRuns(const Dims& dims, const bool (&reduced)[kMaxRank]) {
  Runs runs;
  for (size_t d = 0; d < dims.Rank(); ++d) {
    const size_t size = static_cast<size_t>(dims[d]);
    if (reduced[d]) runs.reduced_elements *= size;
    if (size == 1) continue;
    if (runs.count > 0 && runs.reduced[runs.count - 1] == reduced[d]) {
      runs.sizes[runs.count - 1] *= size;
    } else {
      runs.sizes[runs.count] = size;
      runs.reduced[runs.count++] = reduced[d];
    }
  }
  return runs;
}

// One run of axes of x into y.
using ReduceRun = void(Reduce kind, const void* x, const AxisView& view, void* y, RunContext& context);

void ReduceFloats(Reduce kind, const void* from, const AxisView& view, void* to, RunContext& context) {
  const float* x = static_cast<const float*>(from);
  float* y = static_cast<float*>(to);
  if (view.inner == 1) {
    ForTiles(context, view.outer, view.size, [&](size_t first, size_t end) {
      ReduceRowsF32()(kind, x + first * view.size, end - first, view.size, view.size, y + first);
    });
    return;
  }
  // Long columns, whose sum is shared out over their rows too.
  constexpr size_t kLong = 1 << 16;  // elements
  if (kind == Reduce::kSum && view.outer == 1 && view.size * view.inner >= kLong) {
    return SumColumns(x, view.size, view.inner, y, context);
  }
  ForColumns(context, view, view.size, [&](size_t outer, size_t first, size_t end) {
    ReduceColumnsF32()(kind, x + outer * view.size * view.inner + first, view.size, end - first, view.inner,
                       y + outer * view.inner + first);
  });
}

// Integers wrap.
template <class T>
T Fold(Reduce kind, T acc, T v) {
  using Wide = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  const Wide a = static_cast<Wide>(acc), b = static_cast<Wide>(v);
  switch (kind) {
    case Reduce::kSum: return static_cast<T>(a + b);
    case Reduce::kSumAbs: return static_cast<T>(v < T{0} ? a - b : a + b);
    case Reduce::kSumSquares: return static_cast<T>(a + b * b);
    case Reduce::kMax: return acc != acc || acc > v ? acc : v;
    case Reduce::kMin: return acc != acc || acc < v ? acc : v;
    case Reduce::kProd: return static_cast<T>(a * b);
  }
  return acc;
}
template <class T>
T Identity(Reduce kind) {
  using Limits = std::numeric_limits<T>;
  if (kind == Reduce::kMax) return Limits::has_infinity ? static_cast<T>(-Limits::infinity()) : Limits::lowest();
  if (kind == Reduce::kMin) return Limits::has_infinity ? Limits::infinity() : Limits::max();
  return kind == Reduce::kProd ? T{1} : T{0};
}
template <class T>
void ReduceLoop(Reduce kind, const void* from, const AxisView& view, void* to, RunContext& context) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  ForTiles(context, view.outer * view.inner, view.size * 2, [&](size_t first, size_t end) {
    for (size_t i = first; i < end; ++i) {
      const T* column = x + i / view.inner * view.size * view.inner + i % view.inner;
      T acc = Identity<T>(kind);
      for (size_t r = 0; r < view.size; ++r) acc = Fold(kind, acc, column[r * view.inner]);
      y[i] = acc;
    }
  });
}

// As T has it; integers: the nearest there is, 0 for NaN.
template <class T>
T FromDouble(double v) {
  if constexpr (std::is_integral_v<T>) {
    using Limits = std::numeric_limits<T>;
    if (v != v) return 0;
    if (v <= static_cast<double>(Limits::min())) return Limits::min();
    if (v >= static_cast<double>(Limits::max())) return Limits::max();
  }
  return static_cast<T>(v);
}

// log(sum(e^x)) in float64; the logarithm of such sums goes on with the next run.
template <class T>
void LogSumExp(Reduce, const void* from, const AxisView& view, void* to, RunContext& context) {
  constexpr size_t kCost = 16;
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  ForTiles(context, view.outer * view.inner, view.size * kCost, [&](size_t first, size_t end) {
    for (size_t i = first; i < end; ++i) {
      const T* column = x + i / view.inner * view.size * view.inner + i % view.inner;
      T largest = Identity<T>(Reduce::kMax);
      for (size_t r = 0; r < view.size; ++r) largest = Fold(Reduce::kMax, largest, column[r * view.inner]);
      if (std::isinf(largest)) {
        y[i] = largest;
        continue;
      }
      double sum = 0;
      for (size_t r = 0; r < view.size; ++r) sum += std::exp(static_cast<double>(column[r * view.inner]) - largest);
      y[i] = FromDouble<T>(largest + std::log(sum));
    }
  });
}

template <class T>
void FinishLoop(Last last, T* y, size_t count, size_t elements) {
  for (size_t i = 0; i < count; ++i) {
    if (last == Last::kDivide) {
      if constexpr (std::is_integral_v<T>) {
        using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;  // T may not hold the count
        y[i] = elements == 0 ? T{0} : static_cast<T>(static_cast<Wide>(y[i]) / static_cast<Wide>(elements));
      } else {
        y[i] = y[i] / static_cast<T>(elements);
      }
    }
    if (last == Last::kRoot) y[i] = FromDouble<T>(std::sqrt(static_cast<double>(y[i])));
    if (last == Last::kLog) y[i] = FromDouble<T>(std::log(static_cast<double>(y[i])));
  }
}
using Finish = void(Last last, void* y, size_t count, size_t elements);
template <class T>
void FinishAs(Last last, void* y, size_t count, size_t elements) {
  FinishLoop(last, static_cast<T*>(y), count, elements);
}

class ReduceOperator : public Operator {
 public:
  ReduceOperator(const Form& form, ReduceRun* run, Finish* finish, const Attributes& attributes)
      : form_(form), run_(run), finish_(finish), axes_(attributes.Ints("axes")),
        keep_(attributes.Int("keepdims", 1) != 0), noop_(attributes.Int("noop_with_empty_axes", 0) != 0) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    bool reduced[kMaxRank];
    ReadAxes(inputs, reduced);
    Dims y;
    for (size_t d = 0; d < inputs[0]->dims.Rank(); ++d) {
      if (!reduced[d]) y.Append(inputs[0]->dims[d]);
      if (reduced[d] && keep_) y.Append(1);
    }
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Tensor &x = *inputs[0], &y = outputs[0];
    bool reduced[kMaxRank];
    if (ReadAxes(inputs, reduced) == 0 && noop_) return CopyBytes(x.data, y.data, y.Bytes(), context);
    Runs runs = MergeRuns(x.dims, reduced);
    const void* from = x.data;
    Reduce kind = form_.step;
    const size_t elements = runs.reduced_elements;
    size_t left = static_cast<size_t>(std::count(runs.reduced, runs.reduced + runs.count, true));
    if (left == 0) run_(kind, from, {y.Count(), 1, 1}, y.data, context);  // axes of size 1 at most
    for (size_t i = runs.count; i-- > 0 && left > 0;) {
      if (!runs.reduced[i]) continue;
      AxisView view{1, runs.sizes[i], 1};
      for (size_t k = 0; k < i; ++k) view.outer *= runs.sizes[k];
      for (size_t k = i + 1; k < runs.count; ++k) view.inner *= runs.sizes[k];
      void* to = --left == 0 ? y.data : context.Scratch(view.outer * view.inner * ElementSize(y.type));
      run_(kind, from, view, to, context);
      from = to;
      kind = form_.again;
      runs.sizes[i] = 1;
    }
    if (form_.last != Last::kNone) finish_(form_.last, y.data, y.Count(), elements);
  }

 private:
  // How many axes are named; none: all are reduced, or with noop_ none.
  size_t ReadAxes(const TensorList& inputs, bool (&reduced)[kMaxRank]) const {
    const Tensor* given = Optional(inputs, 1);
    const Integers axes = given != nullptr ? ReadIntegers("Reduce axes", *given, kMaxRank)
                                           : ReadIntegers("Reduce axes", axes_, kMaxRank);
    std::fill(reduced, reduced + kMaxRank, axes.count == 0 && !noop_);
    for (size_t i = 0; i < axes.count; ++i) reduced[NormalAxis(form_.type, axes[i], inputs[0]->dims.Rank())] = true;
    return axes.count;
  }

  Form form_;
  ReduceRun* run_;
  Finish* finish_;
  std::vector<int64_t> axes_;  // where they are not an input
  bool keep_, noop_;
};

template <class T>
std::unique_ptr<Operator> MakeLoop(const Form& form, const OperatorSpec& spec) {
  return std::make_unique<ReduceOperator>(form, ReduceLoop<T>, FinishAs<T>, spec.attributes);
}

}  // namespace

std::unique_ptr<Operator> MakeReduce(OperatorSpec& spec) {
  CheckArity(spec, 1, 2);
  CheckIntegers(spec, 1);
  CheckSameType(spec, 0, 0);
  const DataType type = spec.inputs[0].type;
  if (spec.type == "ReduceLogSumExp") {
    const Form form{"ReduceLogSumExp", Reduce::kSum, Reduce::kSum, Last::kNone};
    if (type == DataType::kFloat64) {
      return std::make_unique<ReduceOperator>(form, LogSumExp<double>, FinishAs<double>, spec.attributes);
    }
    CheckType(spec, 0, DataType::kFloat32);
    return std::make_unique<ReduceOperator>(form, LogSumExp<float>, FinishAs<float>, spec.attributes);
  }
  const Form* form = kForms;
  while (spec.type != form->type) ++form;  // the registry names no other type for this factory
  switch (type) {
    case DataType::kFloat32:
      return std::make_unique<ReduceOperator>(*form, ReduceFloats, FinishAs<float>, spec.attributes);
    case DataType::kFloat64: return MakeLoop<double>(*form, spec);
    case DataType::kInt32: return MakeLoop<int32_t>(*form, spec);
    case DataType::kInt64: return MakeLoop<int64_t>(*form, spec);
    case DataType::kUint32: return MakeLoop<uint32_t>(*form, spec);
    case DataType::kUint64: return MakeLoop<uint64_t>(*form, spec);
    default: break;
  }
  if (form->step == Reduce::kMax || form->step == Reduce::kMin) {
    if (type == DataType::kUint8 || type == DataType::kBool) return MakeLoop<uint8_t>(*form, spec);
    if (type == DataType::kInt8) return MakeLoop<int8_t>(*form, spec);
  }
  RefuseType(spec.type, "float32, float64, or a type of 4 or 8-byte whole numbers", type);
}

}  // namespace gossamer
