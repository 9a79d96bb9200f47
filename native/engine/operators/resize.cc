// Resize: nearest, linear and cubic along any axes, one axis after another. What lies behind an axis is interpolated
// at once, so channels at the end (NHWC) make it fast.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "engine/operators/element_types.h"
#include "engine/operators/resize_axis.h"
#include "kernels/blend_rows/blend_rows.h"

namespace gossamer {
namespace {

enum class AspectPolicy : uint8_t { kStretch, kNotLarger, kNotSmaller };

// The axes that change, and the sizes of all.
struct ResizePlan {
  size_t count = 0;
  ResizeAxis axes[kMaxRank];
  int64_t sizes[kMaxRank];
};

class ResizeOperator : public Operator {
 public:
  ResizeOperator(const ResizeRules& rules, AspectPolicy policy, const Attributes& attributes)
      : rules_(rules),
        policy_(policy),
        extrapolation_(attributes.Float("extrapolation_value", 0)),
        has_axes_(attributes.Has("axes")),
        axes_(ReadIntegers("Resize axes", attributes.Ints("axes"), kMaxRank)) {}

  bool TrustsValues(size_t input) const override { return input > 0; }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const ResizePlan plan = Plan(inputs);
    outputs[0].dims = Dims(plan.sizes, inputs[0]->dims.Rank());
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Tensor &x = *inputs[0], &y = outputs[0];
    if (y.Count() == 0) return;
    const ResizePlan plan = Plan(inputs);
    if (plan.count == 0) return CopyBytes(x.data, y.data, y.Bytes(), context);
    if (rules_.mode == ResizeMode::kNearest) {
      WithElement(ElementSize(y.type), [&](auto type) { Nearest<decltype(type)>(x, y, plan, context); });
    } else {
      Interpolate(x, y, plan, context);
    }
  }

 private:
  ResizePlan Plan(const TensorList& inputs) const;
  void FitAspect(const Dims& x, const Integers& sizes, const size_t* axes, size_t count, double* scales, int64_t* to) const;

  template <class T>
  void Nearest(const Tensor& x, const Tensor& y, const ResizePlan& plan, RunContext& context) const;
  void Interpolate(const Tensor& x, const Tensor& y, const ResizePlan& plan, RunContext& context) const;
  void InterpolateAxis(const float* x, float* y, const ResizeAxis& axis, size_t outer, size_t inner, RunContext& context) const;
  template <class Body>
  void ForOutside(const Dims& y, const ResizePlan& plan, const Body& body) const;

  ResizeRules rules_;
  AspectPolicy policy_;
  float extrapolation_;
  bool has_axes_;
  Integers axes_;
};

// A float as another number: the whole part, the nearest there is beyond the ends, 0 for NaN.
template <class T>
T SaturatedTo(float value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    if (value != value) return 0;
    if (value <= static_cast<float>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
    if (value >= static_cast<float>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    return static_cast<T>(value);
  }
}

const Tensor* NotEmpty(const TensorList& inputs, size_t i) {
  const Tensor* tensor = Optional(inputs, i);
  return tensor && tensor->Count() > 0 ? tensor : nullptr;
}

ResizePlan ResizeOperator::Plan(const TensorList& inputs) const {
  const Dims& x = inputs[0]->dims;
  const Tensor *roi = NotEmpty(inputs, 1), *scales = NotEmpty(inputs, 2), *sizes = NotEmpty(inputs, 3);
  const size_t count = has_axes_ ? axes_.count : x.Rank();
  if ((scales == nullptr) == (sizes == nullptr)) RefuseShape("Resize", "scales or sizes", scales ? "both" : "none");
  if ((scales ? scales : sizes)->Count() != count) {
    RefuseShape("Resize", std::to_string(count) + " scales or sizes", (scales ? scales : sizes)->dims.Text());
  }
  const bool crops = rules_.coordinates == Coordinates::kTfCropAndResize;
  if (crops && roi && roi->Count() != 2 * count) {
    RefuseShape("Resize roi", std::to_string(2 * count) + " numbers", roi->dims.Text());
  }
  ResizePlan plan;
  for (size_t a = 0; a < x.Rank(); ++a) plan.sizes[a] = x[a];
  size_t axes[kMaxRank];
  double factors[kMaxRank];
  int64_t to[kMaxRank];
  unsigned seen = 0;
  for (size_t i = 0; i < count; ++i) {
    axes[i] = has_axes_ ? NormalAxis("Resize", axes_[i], x.Rank()) : i;
    if ((seen >> axes[i] & 1) != 0) RefuseShape("Resize axes", "each axis once", std::to_string(axes[i]) + " twice");
    seen |= 1u << axes[i];
    if (!scales) continue;
    const float scale = scales->As<float>()[i];
    factors[i] = static_cast<double>(scale);
    const double size = std::floor(static_cast<double>(static_cast<float>(x[axes[i]]) * scale));
    if (!(factors[i] > 0) || !(size < 288230376151711744.0)) {
      RefuseValue("Resize scales", "numbers > 0 that give sizes below 2^58", std::to_string(factors[i]));
    }
    to[i] = static_cast<int64_t>(size);
  }
  if (sizes) FitAspect(x, ReadIntegers("Resize sizes", *sizes, kMaxRank), axes, count, factors, to);
  for (size_t i = 0; i < count; ++i) {
    const size_t a = axes[i];
    plan.sizes[a] = to[i];
    if (to[i] > 0 && x[a] == 0) RefuseShape("Resize", "elements to take from", x.Text());
    const double start = crops && roi ? static_cast<double>(roi->As<float>()[i]) : 0;
    const double end = crops && roi ? static_cast<double>(roi->As<float>()[i + count]) : 1;
    if (to[i] == 0 || (to[i] == x[a] && factors[i] == 1 && start == 0 && end == 1)) continue;
    plan.axes[plan.count++] = {a, x[a], to[i], factors[i], start, end};
  }
  std::sort(plan.axes, plan.axes + plan.count, [](const ResizeAxis& p, const ResizeAxis& q) { return p.axis < q.axis; });
  return plan;
}

// keep_aspect_ratio_policy: one scale for all axes, the smallest or the largest that the sizes ask for.
void ResizeOperator::FitAspect(const Dims& x, const Integers& sizes, const size_t* axes, size_t count, double* scales,
                               int64_t* to) const {
  double common = 0;
  for (size_t i = 0; i < count; ++i) {
    if (sizes[i] < 0) RefuseShape("Resize sizes", "sizes of 0 or more", std::to_string(sizes[i]));
    to[i] = sizes[i];
    scales[i] = static_cast<double>(sizes[i]) / static_cast<double>(x[axes[i]]);
    const bool better = policy_ == AspectPolicy::kNotLarger ? scales[i] < common : scales[i] > common;
    if (i == 0 || better) common = scales[i];
  }
  if (policy_ == AspectPolicy::kStretch) return;
  for (size_t i = 0; i < count; ++i) {
    const double size = std::floor(common * static_cast<double>(x[axes[i]]) + 0.5);
    if (!(size < 288230376151711744.0)) RefuseValue("Resize sizes", "sizes below 2^58", std::to_string(size));
    scales[i] = common;
    to[i] = static_cast<int64_t>(size);
  }
}

template <class T>
void ResizeOperator::Nearest(const Tensor& x, const Tensor& y, const ResizePlan& plan, RunContext& context) const {
  constexpr ptrdiff_t kOutside = -1;
  const Dims &from = x.dims, &to = y.dims;
  ptrdiff_t strides[kMaxRank];
  StridesOf(from, strides);
  const ptrdiff_t* tables[kMaxRank] = {};  // by axis: the offset in x of each position, null where nothing changes
  for (size_t i = 0; i < plan.count; ++i) {
    const ResizeAxis& axis = plan.axes[i];
    auto* table = static_cast<ptrdiff_t*>(context.Scratch(static_cast<size_t>(axis.to) * sizeof(ptrdiff_t)));
    for (int64_t at = 0; at < axis.to; ++at) {
      const double position = ResizePosition(rules_, axis, at);
      const bool outside = ResizesOutside(rules_, axis, position);
      table[at] = outside ? kOutside : static_cast<ptrdiff_t>(ResizeNearest(rules_, axis, position)) * strides[axis.axis];
    }
    tables[axis.axis] = table;
  }
  T outside_value{};
  WithNumber(y.type, [&](auto type) {
    using Number = decltype(type);
    const Number value = SaturatedTo<Number>(extrapolation_);
    if constexpr (sizeof(Number) == sizeof(T)) std::memcpy(&outside_value, &value, sizeof(T));
  });
  const size_t last = plan.axes[plan.count - 1].axis, inner = to.Count(last + 1, to.Rank()), rows = to.Count(0, last);
  const size_t length = static_cast<size_t>(to[last]);
  ForTiles(context, rows, 16 + length * (1 + inner * sizeof(T) / 16), [&](size_t first, size_t end) {
    for (size_t row = first; row < end; ++row) {
      ptrdiff_t base = 0;
      bool outside = false;
      size_t rest = row;
      for (size_t a = last; a-- > 0;) {
        const size_t at = rest % static_cast<size_t>(to[a]);
        rest /= static_cast<size_t>(to[a]);
        const ptrdiff_t offset = tables[a] ? tables[a][at] : static_cast<ptrdiff_t>(at) * strides[a];
        outside = outside || offset == kOutside;
        base += offset;
      }
      T* line = y.As<T>() + row * length * inner;
      if (outside) {
        std::fill(line, line + length * inner, outside_value);
        continue;
      }
      const T* source = x.As<T>() + base;
      for (size_t i = 0; i < length; ++i) {
        const ptrdiff_t offset = tables[last][i];
        if (offset == kOutside) {
          std::fill(line + i * inner, line + (i + 1) * inner, outside_value);
        } else if (inner == 1) {
          line[i] = source[offset];
        } else {
          std::copy(source + offset, source + offset + inner, line + i * inner);
        }
      }
    }
  });
}

void ResizeOperator::InterpolateAxis(const float* x, float* y, const ResizeAxis& axis, size_t outer, size_t inner,
                                     RunContext& context) const {
  const size_t to = static_cast<size_t>(axis.to), from = static_cast<size_t>(axis.from), most = ResizeTaps(rules_, axis);
  auto* places = static_cast<int64_t*>(context.Scratch(to * most * sizeof(int64_t)));
  auto* weights = static_cast<float*>(context.Scratch(to * most * sizeof(float)));
  auto* counts = static_cast<size_t*>(context.Scratch(to * sizeof(size_t)));
  size_t longest = 1;
  for (size_t at = 0; at < to; ++at) {
    const double position = ResizePosition(rules_, axis, static_cast<int64_t>(at));
    const bool outside = ResizesOutside(rules_, axis, position);
    counts[at] = outside ? 0 : ResizeWeights(rules_, axis, position, places + at * most, weights + at * most);
    longest = std::max(longest, counts[at]);
  }
  if (inner == 1) {
    ForTiles(context, outer, 2 * to * longest, [&](size_t first, size_t end) {
      for (size_t o = first; o < end; ++o) {
        for (size_t at = 0; at < to; ++at) {
          const int64_t* place = places + at * most;
          const float* weight = weights + at * most;
          float sum = 0;
          for (size_t t = 0; t < counts[at]; ++t) sum += weight[t] * x[o * from + static_cast<size_t>(place[t])];
          y[o * to + at] = sum;
        }
      }
    });
    return;
  }
  ForTiles(context, outer * to, 8 + longest * (4 + inner / 8), [&](size_t first, size_t end) {
    constexpr size_t kAtOnce = 16;  // rows; more of them (antialias alone) are summed element by element
    const float* rows[kAtOnce];
    for (size_t i = first; i < end; ++i) {
      const size_t at = i % to;
      const float* plane = x + i / to * from * inner;
      float* line = y + i * inner;
      if (counts[at] <= kAtOnce) {
        for (size_t t = 0; t < counts[at]; ++t) rows[t] = plane + static_cast<size_t>(places[at * most + t]) * inner;
        BlendRows()(rows, weights + at * most, counts[at], inner, line);
        continue;
      }
      for (size_t c = 0; c < inner; ++c) {
        float sum = 0;
        for (size_t t = 0; t < counts[at]; ++t) {
          sum += weights[at * most + t] * plane[static_cast<size_t>(places[at * most + t]) * inner + c];
        }
        line[c] = sum;
      }
    }
  });
}

// Calls body(first, count) for the elements of y that lie outside along an axis of kTfCropAndResize.
template <class Body>
void ResizeOperator::ForOutside(const Dims& y, const ResizePlan& plan, const Body& body) const {
  if (rules_.coordinates != Coordinates::kTfCropAndResize) return;
  for (size_t i = 0; i < plan.count; ++i) {
    const ResizeAxis& axis = plan.axes[i];
    const size_t inner = y.Count(axis.axis + 1, y.Rank()), to = static_cast<size_t>(axis.to);
    for (size_t at = 0; at < to; ++at) {
      if (!ResizesOutside(rules_, axis, ResizePosition(rules_, axis, static_cast<int64_t>(at)))) continue;
      for (size_t o = 0; o < y.Count(0, axis.axis); ++o) body((o * to + at) * inner, inner);
    }
  }
}

// Bytes are interpolated as floats and rounded to nearest, ties to even.
void ResizeOperator::Interpolate(const Tensor& x, const Tensor& y, const ResizePlan& plan, RunContext& context) const {
  const bool bytes = y.type == DataType::kUint8;
  const float* source = x.As<float>();
  if (bytes) {
    auto* floats = static_cast<float*>(context.Scratch(x.Count() * sizeof(float)));
    ForTiles(context, x.Count(), 1, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) floats[i] = x.As<uint8_t>()[i];
    });
    source = floats;
  }
  Dims dims = x.dims;
  for (size_t i = 0; i < plan.count; ++i) {
    const ResizeAxis& axis = plan.axes[i];
    Dims next;
    for (size_t a = 0; a < dims.Rank(); ++a) next.Append(a == axis.axis ? axis.to : dims[a]);
    const bool last = i + 1 == plan.count && !bytes;
    float* target = last ? y.As<float>() : static_cast<float*>(context.Scratch(next.Count() * sizeof(float)));
    InterpolateAxis(source, target, axis, dims.Count(0, axis.axis), dims.Count(axis.axis + 1, dims.Rank()), context);
    source = target;
    dims = next;
  }
  const auto rounded = [](float v) {
    return static_cast<uint8_t>(std::nearbyint(v > 0 ? std::min(v, 255.0f) : 0.0f));
  };
  if (bytes) {
    ForTiles(context, y.Count(), 2, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) y.As<uint8_t>()[i] = rounded(source[i]);
    });
  }
  ForOutside(y.dims, plan, [&](size_t first, size_t count) {
    if (bytes) std::fill_n(y.As<uint8_t>() + first, count, rounded(extrapolation_));
    if (!bytes) std::fill_n(y.As<float>() + first, count, extrapolation_);
  });
}

template <class Choice, size_t kCount>
Choice Chosen(const OperatorSpec& spec, const char* name, const char* otherwise, const char* const (&names)[kCount]) {
  const std::string text = spec.attributes.Text(name, otherwise);
  for (size_t i = 0; i < kCount; ++i) {
    if (text == names[i]) return static_cast<Choice>(i);
  }
  RefuseProgram(std::string("Resize ") + name, "one of the standard", text);
}

}  // namespace

std::unique_ptr<Operator> MakeResize(OperatorSpec& spec) {
  CheckArity(spec, 1, 4);
  CheckSameType(spec, 0, 0);
  CheckType(spec, 1, DataType::kFloat32);
  CheckType(spec, 2, DataType::kFloat32);
  CheckIntegers(spec, 3);
  ResizeRules rules{};
  rules.mode = Chosen<ResizeMode>(spec, "mode", "nearest", {"nearest", "linear", "cubic"});
  rules.coordinates = Chosen<Coordinates>(
      spec, "coordinate_transformation_mode", "half_pixel",
      {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn",
       "tf_crop_and_resize"});
  rules.nearest = Chosen<NearestMode>(spec, "nearest_mode", "round_prefer_floor",
                                      {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  rules.antialias = spec.attributes.Int("antialias", 0) != 0;
  rules.exclude_outside = spec.attributes.Int("exclude_outside", 0) != 0;
  rules.cubic = static_cast<double>(spec.attributes.Float("cubic_coeff_a", -0.75f));
  const DataType type = spec.inputs[0].type;
  if (rules.mode != ResizeMode::kNearest && type != DataType::kFloat32 && type != DataType::kUint8) {
    RefuseType("Resize with interpolation", "float32 or uint8", type);
  }
  if (rules.coordinates == Coordinates::kTfCropAndResize && !IsNumber(type)) RefuseType("Resize with a crop", "numbers", type);
  const auto policy = Chosen<AspectPolicy>(spec, "keep_aspect_ratio_policy", "stretch", {"stretch", "not_larger", "not_smaller"});
  return std::make_unique<ResizeOperator>(rules, policy, spec.attributes);
}

}  // namespace gossamer
