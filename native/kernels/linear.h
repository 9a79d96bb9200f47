// What the linear kernels share (dense and sparse, int8 and float; matrix products and convolutions): how they see
// activations, and what they do with a finished dot product.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// The rows of activations of y[m, n] = sum_k x[m, k] * w[n, k], k < taps * piece. Row m is `taps` pieces of `piece`
// consecutive elements; piece t starts at element offsets[t * count + m] of x, or, where offsets is null (taps == 1),
// at m * stride. A convolution over NHWC has one piece a kernel position (its channels); a position outside the image
// points at a row of zero points that the caller keeps behind the image. Kernels may read, and must ignore, up to
// kReadSlack bytes behind a piece.
struct ActivationRows {
  const int32_t* offsets;
  size_t count, taps, piece, stride;
};
constexpr size_t kReadSlack = 256;

// Element offset of piece t of row m.
static inline size_t PieceOffset(const ActivationRows& rows, size_t t, size_t m) {
  return rows.offsets == nullptr ? m * rows.stride : static_cast<size_t>(rows.offsets[t * rows.count + m]);
}

// What is applied to a float result. kClamp: min(max(x, a), b), NaN kept (ReLU: a = 0, b = +inf). kGelu by erf,
// kGeluTanh by tanh. kLeaky: x < 0 ? a * x : x. kHardSigmoid: clamp(a * x + b, 0, 1). kHardSwish: x * clamp(x / 6 + 0.5,
// 0, 1). kSilu: x * sigmoid(x).
enum class Activation : uint8_t {
  kNone,
  kClamp,
  kLeaky,
  kSigmoid,
  kTanh,
  kGelu,
  kGeluTanh,
  kSilu,
  kHardSigmoid,
  kHardSwish,
  kErf,
  kExp,
  kSoftplus,
  kMish,
  kElu
};
struct ActivationSpec {
  Activation kind;
  float a, b;
};

// What becomes of the exact int32 dot products p[m, n] of unsigned 8-bit activations and signed 8-bit weights. Signed
// activations are stored with 128 added, so every kernel sees uint8; zero points are folded into bias.
//   acc = p + bias[n] - row_sums[m] * weight_zero[n]       int32, wraps; the last term only where row_sums is not null
//   kInt32:     y = acc
//   kFloat:     y = act(fma(float(acc), scale[n], offset[n])) (+ residual, float, where it is not null)
//   kQuantized: q = clamp(rne(float(acc) * scale[n]) + zero_point, low, high), rne: to nearest, ties to even
//     with a residual r (uint8): y = clamp(rne(fma(float(q - zero_point), own_ratio, float(r - residual_zero) *
//     residual_ratio)) + sum_zero, sum_low, sum_high)
// No product scale * acc, nor a sum, may leave the range of int32: the caller sees to it when it packs.
// row_sums[m]: sum of x[m, :]. Everything per output is read from index n; y[m, n] is at y + m * y_stride + n (elements),
// the residual at r + m * residual_stride + n.
enum class Int8Result : uint8_t { kInt32, kFloat, kQuantized };
struct Int8Output {
  Int8Result kind;
  const int32_t* bias;         // [n]
  const int32_t* weight_zero;  // [n]
  const int32_t* row_sums;     // [m] or null
  const float* scale;          // [n]; kInt32: unused
  const float* offset;         // [n]; kFloat only
  ActivationSpec act;          // kFloat only
  int32_t zero_point, low, high;
  const void* residual;  // null: none
  size_t residual_stride;
  float own_ratio, residual_ratio;
  int32_t residual_zero, sum_zero, sum_low, sum_high;
  void* y;  // int32, float or uint8
  size_t y_stride;
  // [n], kQuantized only: factors in fixed point. Kernels do not know them: the engine asks them for kInt32 and brings
  // that to codes by RequantizeI32 (kernels/requantize_i32). Null: by scale.
  const int32_t *multiplier = nullptr, *left = nullptr, *right = nullptr;
};

// What becomes of float dot products: y = act(sum + bias[n] + residual). The sum is in float32, its order the kernel's.
struct FloatOutput {
  const float* bias;      // [n] or null
  const float* residual;  // null: none
  size_t residual_stride;
  ActivationSpec act;
  float* y;
  size_t y_stride;
  // y holds the sums over what comes before in k; they are gone on with (GemmTransposedF32 only, false elsewhere).
  bool goes_on = false;
};

}  // namespace gossamer
