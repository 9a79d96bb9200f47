// ConvGradWeightNhwc: the gradient of the weights of a convolution over NHWC in float32, dw [O, C / group, kH, kW],
// from its input x and the gradient dy of its result.
//
// dw[o, c, tap] sums x[pixel under the tap, c] * dy[pixel, o] over all pixels of dy: outer products, a tap at a time.
// No pixel is copied: those outside of the image are left out. Where few channels make taps too small, a whole kernel
// row is one piece of kW * C numbers, of a padded copy where there are pads. Pixels are split into slices with sums of
// their own, by the sizes alone, and the sums of the slices are added up in order.
#include <algorithm>
#include <vector>

#include "engine/operators/arguments.h"
#include "engine/operators/convolution.h"
#include "engine/operators/depthwise_grad_weight.h"
#include "engine/operators/float_weights.h"
#include "kernels/conv_grad_weight_f32/conv_grad_weight_f32.h"

namespace gossamer {
namespace {

constexpr const char* kType = "ConvGradWeightNhwc";

// One tap, or one kernel row.
struct Piece {
  size_t row;             // lines below the first under the kernel
  int64_t column;         // pixels right of the first of the line; negative in the pads
  size_t first, end;      // outputs of a line that have it inside of the image
};

// Of an output pixel.
struct Position {
  size_t image, row, column;
};

size_t Blocks(size_t count, size_t block) { return (count + block - 1) / block; }

// How the sums are shared out. Sums lie as [slice][group][strip][piece][row][16].
struct Plan {
  std::vector<Piece> pieces;
  size_t rows;                       // of a piece
  size_t columns, strips;            // of a group
  size_t strip_block, piece_block;   // of a task
  size_t pixels, slices, of_slice;   // pixels
  size_t chunk;                      // pixels that stay near while the pieces pass

  size_t StripStride() const { return pieces.size() * rows * kStripF32; }
  size_t GroupStride() const { return strips * StripStride(); }
};

class ConvGradWeightNhwcOperator : public Operator {
 public:
  explicit ConvGradWeightNhwcOperator(OperatorSpec& spec)
      : attributes_(spec.attributes), kernel_(spec.attributes.Ints("kernel_shape")) {
    if (kernel_.size() != 1 && kernel_.size() != 2) {
      RefuseProgram("ConvGradWeightNhwc kernel_shape", "1 or 2 numbers", std::to_string(kernel_.size()));
    }
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims w = WeightDims(inputs);
    const ConvAttributes conv = ConvAttributesOf(kType, attributes_, w);
    const ConvGeometry geometry = ConvGeometryOf(kType, conv, inputs[0]->dims);
    const Dims y = ConvOutputDims(conv, geometry.batch, geometry.out);
    if (inputs[1]->dims != y) RefuseShape(kType, "dy of " + y.Text(), inputs[1]->dims.Text());
    if (CopiesPads(conv) || IsDepthwise(conv)) PaddedGeometry(kType, conv, geometry);
    outputs[0].dims = w;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const ConvAttributes conv = ConvAttributesOf(kType, attributes_, outputs[0].dims);
    ConvGeometry geometry = ConvGeometryOf(kType, conv, inputs[0]->dims);
    const float *x = inputs[0]->As<float>(), *dy = inputs[1]->As<float>();
    auto* dw = outputs[0].As<float>();
    if (IsDepthwise(conv)) {
      RunDepthwiseGradWeight(conv, geometry, x, dy, dw, context);
      return;
    }
    if (CopiesPads(conv)) {
      const ConvGeometry padded = PaddedGeometry(kType, conv, geometry);
      x = CopyPadded(geometry, padded, x, 0.0f, context);
      geometry = padded;
    }
    const Plan plan = PlanOf(conv, geometry);
    const size_t of_slice = conv.group * plan.GroupStride();
    auto* sums = static_cast<float*>(context.Scratch(plan.slices * of_slice * sizeof(float)));
    const size_t across = Blocks(plan.strips, plan.strip_block);
    const size_t down = Blocks(plan.pieces.size(), plan.piece_block);
    context.Parallel(plan.slices * conv.group * across * down, [&](size_t i) {
      const size_t piece = i % down * plan.piece_block, strip = i / down % across * plan.strip_block;
      const size_t group = i / down / across % conv.group, slice = i / down / across / conv.group;
      RunTask(conv, geometry, plan, x, dy, {slice, group, piece, strip}, sums + slice * of_slice);
    });
    AddUp(conv, plan, sums, dw, context);
  }

 private:
  struct Task {
    size_t slice, group, piece, strip;
  };

  // Throws where x and dy cannot be those of one convolution.
  Dims WeightDims(const TensorList& inputs) const {
    const Dims &x = inputs[0]->dims, &dy = inputs[1]->dims;
    const int64_t group = attributes_.Int("group", 1);
    if (x.Rank() != kernel_.size() + 2 || dy.Rank() != x.Rank() || group < 1 || x[x.Rank() - 1] % group != 0) {
      RefuseShape(kType, "x and dy of rank " + std::to_string(kernel_.size() + 2) + ", channels of x for group " +
                             std::to_string(group), x.Text() + " and " + dy.Text());
    }
    Dims w;
    w.Append(dy[dy.Rank() - 1]);
    w.Append(x[x.Rank() - 1] / group);
    for (int64_t size : kernel_) w.Append(size);
    return w;
  }

  // One channel to one: lines are copied with their pads.
  static bool IsDepthwise(const ConvAttributes& conv) {
    return conv.group > 1 && conv.group_channels == 1 && conv.outputs == conv.group;
  }
  static bool ByRows(const ConvAttributes& conv) {
    constexpr size_t kFewChannels = 8;  // for a tap of its own
    const bool padded = conv.pad_begin[1] != 0 || conv.pad_end[1] != 0;
    return conv.dilation[1] == 1 && conv.group == 1 && (!padded || conv.group_channels <= kFewChannels);
  }
  static bool CopiesPads(const ConvAttributes& conv) {
    return ByRows(conv) && (conv.pad_begin[1] != 0 || conv.pad_end[1] != 0);
  }

  static Plan PlanOf(const ConvAttributes& conv, const ConvGeometry& geometry) {
    constexpr size_t kWidest = 4;               // strips: the widest tile of the kernels
    constexpr size_t kNear = 6 << 10;           // floats of dy that pass by every piece
    constexpr size_t kTaskFloats = 128 << 10;   // of the sums of a task
    constexpr size_t kSliceFloats = 256 << 10;  // of the sums of all slices
    constexpr size_t kProducts = 8 << 20;       // of a task, in 70 microseconds of a core with AVX-512
    constexpr size_t kMostSlices = 16;
    Plan plan{};
    const bool by_rows = ByRows(conv);
    plan.rows = conv.group_channels * (by_rows ? conv.kernel[1] : 1);
    for (size_t ky = 0; ky < conv.kernel[0]; ++ky) {
      for (size_t kx = 0; kx < (by_rows ? 1 : conv.kernel[1]); ++kx) {
        const auto out = static_cast<int64_t>(geometry.out[1]), in = static_cast<int64_t>(geometry.in[1]);
        const auto stride = static_cast<int64_t>(conv.stride[1]);
        const int64_t column = static_cast<int64_t>(kx * conv.dilation[1]) - geometry.pad_begin[1];
        const int64_t first = column < 0 ? (-column + stride - 1) / stride : 0;
        const int64_t end = column < in ? (in - column - 1) / stride + 1 : 0;
        plan.pieces.push_back({ky * conv.dilation[0], column, static_cast<size_t>(std::min(first, out)),
                               static_cast<size_t>(std::min(end, out))});
      }
    }
    plan.columns = conv.outputs / conv.group;
    plan.strips = StripsF32(plan.columns);
    plan.strip_block = Blocks(plan.strips, Blocks(plan.strips, kWidest));
    const size_t width = plan.strip_block * kStripF32;
    plan.piece_block = std::clamp<size_t>(kTaskFloats / (plan.rows * width), 1, plan.pieces.size());
    plan.chunk = std::max<size_t>(64, kNear / width);
    plan.pixels = geometry.Pixels();
    const size_t in_time = kProducts / (plan.piece_block * plan.rows * width);
    const size_t most = std::clamp<size_t>(kSliceFloats / (conv.group * plan.GroupStride()), 1, kMostSlices);
    plan.of_slice = Blocks(std::max({in_time, Blocks(plan.pixels, most), plan.chunk}), plan.chunk) * plan.chunk;
    plan.slices = std::max<size_t>(1, Blocks(plan.pixels, plan.of_slice));
    return plan;
  }

  static void RunTask(const ConvAttributes& conv, const ConvGeometry& geometry, const Plan& plan, const float* x,
                      const float* dy, const Task& task, float* sums) {
    const size_t strips = std::min(plan.strip_block, plan.strips - task.strip), first_column = task.strip * kStripF32;
    const size_t columns = std::min(strips * kStripF32, plan.columns - first_column);
    const size_t last = std::min(task.piece + plan.piece_block, plan.pieces.size()), of_piece = plan.rows * kStripF32;
    float* to = sums + task.group * plan.GroupStride() + task.strip * plan.StripStride();
    for (size_t s = 0; s < strips; ++s) {
      std::fill_n(to + s * plan.StripStride() + task.piece * of_piece, (last - task.piece) * of_piece, 0.0f);
    }
    std::vector<PixelLine> lines;
    const size_t end = std::min(plan.pixels, (task.slice + 1) * plan.of_slice);
    const float *x0 = x + task.group * conv.group_channels, *dy0 = dy + task.group * plan.columns + first_column;
    for (size_t m = task.slice * plan.of_slice; m < end; m += plan.chunk) {
      const size_t line = m / geometry.out[1];
      const Position at{line / geometry.out[0], line % geometry.out[0], m % geometry.out[1]};
      const float* gradients = dy0 + m * conv.outputs;
      const size_t next = std::min(end, m + plan.chunk), behind = std::min(end, next + plan.chunk);
      const float *x1 = x + UnderLast(geometry, next), *x2 = x + UnderLast(geometry, behind);
      for (size_t i = task.piece; i < last; ++i) {
        FetchShare(x1, x2, i - task.piece, last - task.piece);
        FetchShare(dy + next * conv.outputs, dy + behind * conv.outputs, i - task.piece, last - task.piece);
        lines.clear();
        AddLines(conv, geometry, plan.pieces[i], at, std::min(plan.chunk, end - m), x0, gradients, lines);
        const PixelLines pixels{lines.data(), lines.size(), conv.stride[1] * geometry.channels, conv.outputs};
        if (!lines.empty()) ConvGradWeightF32()(pixels, plan.rows, columns, to + i * of_piece, plan.StripStride());
      }
    }
  }

  // Part number `share` of `shares`.
  static void FetchShare(const float* from, const float* end, size_t share, size_t shares) {
    const auto count = static_cast<size_t>(std::max<ptrdiff_t>(end - from, 0));
    FetchAhead(from + count * share / shares, from + count * (share + 1) / shares);
  }

  // Adds the pixels of dy from `at` on, `count` of them, that have the piece inside of the image.
  static void AddLines(const ConvAttributes& conv, const ConvGeometry& geometry, const Piece& piece, Position at,
                       size_t count, const float* x, const float* dy, std::vector<PixelLine>& lines) {
    const size_t x_step = conv.stride[1] * geometry.channels, width = geometry.out[1];
    for (size_t m = 0; m < count;) {
      const size_t run = std::min(count - m, width - at.column);
      const int64_t above = static_cast<int64_t>(at.row * conv.stride[0] + piece.row) - geometry.pad_begin[0];
      const size_t first = std::max(at.column, piece.first), end = std::min(at.column + run, piece.end);
      if (above >= 0 && above < static_cast<int64_t>(geometry.in[0]) && first < end) {
        const size_t from = (at.image * geometry.in[0] + static_cast<size_t>(above)) * geometry.in[1];
        const int64_t pixel = static_cast<int64_t>(from + first * conv.stride[1]) + piece.column;
        const PixelLine next{x + static_cast<size_t>(pixel) * geometry.channels,
                             dy + (m + first - at.column) * conv.outputs, end - first};
        PixelLine* before = lines.empty() ? nullptr : &lines.back();
        if (before != nullptr && before->x + before->pixels * x_step == next.x &&
            before->dy + before->pixels * conv.outputs == next.dy) {
          before->pixels += next.pixels;
        } else {
          lines.push_back(next);
        }
      }
      m += run;
      at.column = 0;
      if (++at.row == geometry.out[0]) {
        at.row = 0;
        ++at.image;
      }
    }
  }

  // dw in its own order, from the sums of all slices.
  static void AddUp(const ConvAttributes& conv, const Plan& plan, const float* sums, float* dw, RunContext& context) {
    const size_t taps = conv.Taps(), channels = conv.group_channels, of_slice = conv.group * plan.GroupStride();
    ForTiles(context, conv.group * plan.strips * channels, taps * kStripF32 * (plan.slices + 1),
             [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const size_t c = i % channels, strip = i / channels % plan.strips, group = i / channels / plan.strips;
        const size_t n = strip * kStripF32, columns = std::min(kStripF32, plan.columns - n);
        const float* from = sums + group * plan.GroupStride() + strip * plan.StripStride() + c * kStripF32;
        float* to = dw + ((group * plan.columns + n) * channels + c) * taps;
        for (size_t t = 0; t < taps; ++t, from += channels * kStripF32) {
          float all[kStripF32];
          std::copy_n(from, kStripF32, all);
          for (size_t slice = 1; slice < plan.slices; ++slice) {
            for (size_t j = 0; j < kStripF32; ++j) all[j] += from[slice * of_slice + j];
          }
          for (size_t j = 0; j < columns; ++j) to[j * channels * taps + t] = all[j];
        }
      }
    });
  }

  Attributes attributes_;
  std::vector<int64_t> kernel_;
};

}  // namespace

std::unique_ptr<Operator> MakeConvGradWeightNhwc(OperatorSpec& spec) {
  CheckFloatOperator(kType, spec, 2);
  return std::make_unique<ConvGradWeightNhwcOperator>(spec);
}

}  // namespace gossamer
