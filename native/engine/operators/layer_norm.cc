// Normalisation of the last axes: LayerNormalization, RMSNormalization (SimplifiedLayerNormalization), and those of
// com.microsoft with a residual sum before them.
#include <algorithm>
#include <limits>
#include <string>

#include "engine/operators/axis.h"
#include "kernels/normalize_f32/normalize_f32.h"

namespace gossamer {
namespace {

// Where an operator has its inputs and outputs; kNowhere: it has none of these.
constexpr size_t kNowhere = 100;
struct Form {
  const char* type;
  Normalize kind;
  size_t skip, scale, shift, skip_bias, means, reciprocals, sum;
  float epsilon;
};
constexpr Form kForms[] = {
    {"LayerNormalization", Normalize::kLayer, kNowhere, 1, 2, kNowhere, 1, 2, kNowhere, 1e-5f},
    {"RMSNormalization", Normalize::kRms, kNowhere, 1, kNowhere, kNowhere, kNowhere, kNowhere, kNowhere, 1e-5f},
    {"SimplifiedLayerNormalization", Normalize::kRms, kNowhere, 1, kNowhere, kNowhere, kNowhere, 1, kNowhere, 1e-5f},
    {"SkipLayerNormalization", Normalize::kLayer, 1, 2, 3, 4, 1, 2, 3, 1e-12f},
    {"SkipSimplifiedLayerNormalization", Normalize::kRms, 1, 2, kNowhere, 3, 1, 2, 3, 1e-12f},
};

class LayerNormOperator : public Operator {
 public:
  LayerNormOperator(const Form& form, int64_t axis, float epsilon) : form_(form), axis_(axis), epsilon_(epsilon) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    const size_t axis = NormalAxis(form_.type, axis_, x.Rank()), cols = x.Count(axis, x.Rank());
    for (size_t input : {form_.scale, form_.shift, form_.skip_bias}) {
      const Tensor* row = Optional(inputs, input);
      if (row != nullptr && row->Count() != cols) {
        RefuseShape(std::string(form_.type) + " input " + std::to_string(input), std::to_string(cols) + " numbers",
                    row->dims.Text());
      }
    }
    const Tensor* skip = Optional(inputs, form_.skip);
    // The residual may repeat: whole rows of it, as many times as they go into x.
    if (skip != nullptr && (skip->Count() == 0 ? x.Count() != 0 : x.Count() % skip->Count() != 0 ||
                                                                      skip->Count() % (cols == 0 ? 1 : cols) != 0)) {
      RefuseShape(std::string(form_.type) + " skip", "rows that repeat over " + x.Text(), skip->dims.Text());
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i].dims = x;
      if (i != form_.means && i != form_.reciprocals) continue;
      outputs[i].dims = Dims();
      for (size_t d = 0; d < x.Rank(); ++d) outputs[i].dims.Append(d < axis ? x[d] : 1);
    }
  }
  int InPlace() const override { return 0; }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = inputs[0]->dims;
    const size_t axis = NormalAxis(form_.type, axis_, dims.Rank());
    const size_t rows = dims.Count(0, axis), cols = dims.Count(axis, dims.Rank());
    if (cols == 0) {  // the mean of nothing
      for (size_t i : {form_.means, form_.reciprocals}) {
        if (i < outputs.size()) std::fill_n(outputs[i].As<float>(), rows, std::numeric_limits<float>::quiet_NaN());
      }
      return;
    }
    const float* skip = Floats(inputs, form_.skip);
    const size_t skip_rows = skip == nullptr ? rows : inputs[form_.skip]->Count() / cols;
    const auto row_of = [&](size_t i, size_t width, size_t row) {
      return i < outputs.size() ? outputs[i].As<float>() + row * width : nullptr;
    };
    ForTiles(context, rows, cols, [&](size_t first, size_t end) {
      while (first < end) {
        // Up to where the residual begins again.
        const size_t from = first % skip_rows, count = std::min(end - first, skip_rows - from);
        NormalizeF32()({form_.kind, inputs[0]->As<float>() + first * cols,
                        skip == nullptr ? nullptr : skip + from * cols, Floats(inputs, form_.skip_bias),
                        Floats(inputs, form_.scale), Floats(inputs, form_.shift), epsilon_, row_of(0, cols, first),
                        row_of(form_.sum, cols, first), row_of(form_.means, 1, first),
                        row_of(form_.reciprocals, 1, first)},
                       count, cols);
        first += count;
      }
    });
  }

 private:
  static const float* Floats(const TensorList& inputs, size_t i) {
    const Tensor* tensor = Optional(inputs, i);
    return tensor == nullptr ? nullptr : tensor->As<float>();
  }
  Form form_;
  int64_t axis_;
  float epsilon_;
};

}  // namespace

std::unique_ptr<Operator> MakeLayerNorm(OperatorSpec& spec) {
  const Form* form = kForms;
  while (spec.type != form->type) ++form;  // the registry names no other type for this factory
  CheckArity(spec, form->scale + 1, 5, 4);
  for (size_t i = 0; i < spec.inputs.size(); ++i) CheckType(spec, i, DataType::kFloat32);
  for (size_t i = 0; i < spec.outputs.size(); ++i) {
    CheckOutputType(spec, i, DataType::kFloat32);
    if (i == 0 || i == form->means || i == form->reciprocals || i == form->sum) continue;
    RefuseProgram(spec.type, "no output " + std::to_string(i), "one");
  }
  return std::make_unique<LayerNormOperator>(*form, spec.attributes.Int("axis", -1),
                                             spec.attributes.Float("epsilon", form->epsilon));
}

}  // namespace gossamer
