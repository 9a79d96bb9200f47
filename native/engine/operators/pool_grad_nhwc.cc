// MaxPoolGradNhwc, AveragePoolGradNhwc: the gradients of pools over [B, H, W, C] or [B, W, C].
#include <algorithm>
#include <cstring>

#include "engine/operators/pool_window.h"
#include "kernels/pool_grad/pool_grad.h"

namespace gossamer {
namespace {

class NhwcPoolGrad : public Operator {
 public:
  explicit NhwcPoolGrad(const OperatorSpec& spec) : op_(spec.type), window_(spec) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims x = InputDims(inputs);
    PoolAxis axes[2];
    Place(x, axes);
    Dims y{x[0]};
    if (x.Rank() == 4) y.Append(static_cast<int64_t>(axes[0].output));
    y.Append(static_cast<int64_t>(axes[1].output));
    y.Append(x[x.Rank() - 1]);
    CheckOutputs(inputs, y);
    outputs[0].dims = x;
  }

  // Windows of one image overlap, so one tile has all of them, for some of the channels.
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims dims = InputDims(inputs);
    PoolAxis axes[2];
    Place(dims, axes);
    const size_t channels = static_cast<size_t>(dims[dims.Rank() - 1]), batch = static_cast<size_t>(dims[0]);
    const size_t part = batch >= 2 * context.Threads() ? channels : std::min<size_t>(channels, 64);
    const size_t parts = (channels + part - 1) / part;
    const size_t windows = axes[0].output * axes[1].output, taps = axes[0].MostTaps() * axes[1].MostTaps();
    const size_t cost = (windows * (taps + 2) + axes[0].size * axes[1].size) * (part / 16 + 1);
    float* dx = outputs[0].As<float>();
    ForTiles(context, batch * parts, cost, [&](size_t first, size_t end) {
      for (size_t at = first; at < end; ++at) {
        const size_t c = at % parts * part;
        Image(inputs, axes, at / parts, c, std::min(part, channels - c), channels, dx);
      }
    });
  }

 protected:
  // The dims of x.
  virtual Dims InputDims(const TensorList& inputs) const = 0;
  // dy, and y where there is one, have the dims `y`.
  virtual void CheckOutputs(const TensorList& inputs, const Dims& y) const {
    if (inputs[0]->dims != y) RefuseShape(op_ + " dy", y.Text(), inputs[0]->dims.Text());
  }
  // What one row of outputs is to dx: `from` is where its first pixel is in dy, `to` that of its windows in dx.
  virtual void Give(const TensorList& inputs, const PoolRow& row, const AverageCounts& counts, size_t from, size_t to,
                    PoolGradMode mode, float* dx) const = 0;

  std::string op_;

 private:
  void Place(const Dims& x, PoolAxis* axes) const {
    if (x.Rank() != 3 && x.Rank() != 4) RefuseShape(op_ + " x", "[B, H, W, C] or [B, W, C]", x.Text());
    axes[0] = {1, 1, 1, 1, 1, 0, 0};
    window_.Place(x, 1, x.Rank() - 2, x.Rank() == 4 ? axes : axes + 1);
  }

  // `count` channels of one image from channel c on.
  void Image(const TensorList& inputs, const PoolAxis* axes, size_t image, size_t c, size_t count, size_t channels,
             float* dx) const {
    const PoolAxis &height = axes[0], &width = axes[1];
    const size_t line = width.size * channels, first = image * height.size * line + c;
    const auto is_apart = [](const PoolAxis& axis) { return axis.dilation == 1 && axis.stride == axis.kernel; };
    const PoolGradMode mode = is_apart(height) && is_apart(width) ? PoolGradMode::kSet : PoolGradMode::kAdd;
    // Columns from `uncovered` on are in no window that would set them.
    const size_t windows = width.output * width.stride;
    const size_t behind = std::min(windows > width.pad_begin ? windows - width.pad_begin : 0, width.size);
    const size_t uncovered = mode == PoolGradMode::kSet ? behind : 0;
    size_t cleared = 0;  // lines of dx
    const auto clear_to = [&](size_t end, size_t column) {
      for (; cleared < end; ++cleared) {
        float* to = dx + first + cleared * line;
        if (count == channels) {
          std::memset(to + column * channels, 0, (width.size - column) * channels * sizeof(float));
          continue;
        }
        for (size_t w = column; w < width.size; ++w) std::memset(to + w * channels, 0, count * sizeof(float));
      }
    };
    for (size_t oh = 0; oh < height.output; ++oh) {
      const PoolTaps lines = height.Taps(oh);
      if (lines.first >= lines.end) continue;
      const size_t top = oh * height.stride + lines.first * height.dilation - height.pad_begin;
      clear_to(top + (lines.end - lines.first - 1) * height.dilation + 1, uncovered);
      const PoolRow row{count,        channels,     width.size,     width.output, lines.end - lines.first,
                        height.dilation * line, width.kernel, width.stride, width.dilation, width.pad_begin};
      Give(inputs, row, {window_.IncludesPad(), lines.padded, width.pad_end},
           (image * height.output + oh) * width.output * channels + c, first + top * line, mode, dx);
    }
    clear_to(height.size, 0);
  }

  PoolWindow window_;
};

class MaxGrad : public NhwcPoolGrad {
  using NhwcPoolGrad::NhwcPoolGrad;
  Dims InputDims(const TensorList& inputs) const override { return inputs[1]->dims; }
  void CheckOutputs(const TensorList& inputs, const Dims& y) const override {
    NhwcPoolGrad::CheckOutputs(inputs, y);
    if (inputs[2]->dims != y) RefuseShape(op_ + " y", y.Text(), inputs[2]->dims.Text());
  }
  void Give(const TensorList& inputs, const PoolRow& row, const AverageCounts&, size_t from, size_t to,
            PoolGradMode mode, float* dx) const override {
    MaxPoolGrad()(inputs[0]->As<float>() + from, inputs[1]->As<float>() + to, inputs[2]->As<float>() + from, row, mode,
                  dx + to);
  }
};

class AverageGrad : public NhwcPoolGrad {
 public:
  explicit AverageGrad(const OperatorSpec& spec) : NhwcPoolGrad(spec), shape_(spec.attributes.Ints("input_shape")) {}

 private:
  Dims InputDims(const TensorList& inputs) const override {
    const Dims& dy = inputs[0]->dims;
    if (dy.Rank() != shape_.size() + 2) {
      RefuseShape(op_ + " dy", "rank " + std::to_string(shape_.size() + 2) + " for its input_shape", dy.Text());
    }
    Dims x{dy[0]};
    for (int64_t size : shape_) x.Append(size);
    x.Append(dy[dy.Rank() - 1]);
    return x;
  }
  void Give(const TensorList& inputs, const PoolRow& row, const AverageCounts& counts, size_t from, size_t to,
            PoolGradMode mode, float* dx) const override {
    AveragePoolGrad()(inputs[0]->As<float>() + from, row, counts, mode, dx + to);
  }

  std::vector<int64_t> shape_;  // height and width of x, or width
};

void CheckFloats(const OperatorSpec& spec, size_t inputs) {
  CheckArity(spec, inputs, inputs);
  for (size_t i = 0; i < inputs; ++i) CheckType(spec, i, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
}

}  // namespace

std::unique_ptr<Operator> MakeMaxPoolGradNhwc(OperatorSpec& spec) {
  CheckFloats(spec, 3);
  return std::make_unique<MaxGrad>(spec);
}

std::unique_ptr<Operator> MakeAveragePoolGradNhwc(OperatorSpec& spec) {
  CheckFloats(spec, 1);
  return std::make_unique<AverageGrad>(spec);
}

}  // namespace gossamer
