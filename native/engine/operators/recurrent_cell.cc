#include "engine/operators/recurrent_cell.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

constexpr ActivationSpec kNoActivation{Activation::kNone, 0, 0};

// y[batch, columns] = x * w + bias + residual, rows of y `y_stride` floats apart.
FloatOutput Result(float* y, size_t y_stride, const float* bias, const float* residual, size_t residual_stride) {
  return {bias, residual, residual_stride, kNoActivation, y, y_stride};
}

bool IsActive(const RecurrentStep& step, size_t b) { return step.active == nullptr || step.active[b] != 0; }

// Gates i o f c.
class LstmCell : public RecurrentCell {
 public:
  explicit LstmCell(bool couples_forget) : couples_forget_(couples_forget) {}
  size_t Gates() const override { return 4; }

  void Step(const std::vector<RecurrentActivation>& acts, const RecurrentStep& step, const RunProduct& run) const override {
    const size_t n = step.hidden;
    run(step.h, {nullptr, step.batch, 1, n, n}, step.r[0], Result(step.gates, 4 * n, nullptr, step.projected, 4 * n));
    for (size_t b = 0; b < step.batch; ++b) {
      if (!IsActive(step, b)) continue;
      float *gate = step.gates + b * 4 * n, *h = step.h + b * n, *c = step.c + b * n, *spare = step.spare;
      float *i = gate, *o = gate + n, *f = gate + 2 * n, *fresh = gate + 3 * n;
      const float* p = step.peepholes;
      if (p != nullptr) {
        for (size_t j = 0; j < n; ++j) i[j] += p[j] * c[j];
        for (size_t j = 0; j < n; ++j) f[j] += p[2 * n + j] * c[j];
        acts[0].Apply(i, n);
        acts[0].Apply(f, n);
      } else {
        acts[0].Apply(gate, 3 * n);  // the output gate, too: nothing is added to it
      }
      if (couples_forget_) {
        for (size_t j = 0; j < n; ++j) f[j] = 1.0f - i[j];
      }
      acts[1].Apply(fresh, n);
      for (size_t j = 0; j < n; ++j) c[j] = f[j] * c[j] + i[j] * fresh[j];
      if (p != nullptr) {
        for (size_t j = 0; j < n; ++j) o[j] += p[n + j] * c[j];
        acts[0].Apply(o, n);
      }
      std::memcpy(spare, c, n * sizeof(float));
      acts[2].Apply(spare, n);
      for (size_t j = 0; j < n; ++j) h[j] = o[j] * spare[j];
    }
  }

 private:
  bool couples_forget_;
};

// Gates z r h; the recurrent weights of h are a part of their own.
class GruCell : public RecurrentCell {
 public:
  explicit GruCell(bool linear_before_reset) : linear_(linear_before_reset) {}
  size_t Gates() const override { return 3; }
  std::vector<size_t> Parts() const override { return {2, 1}; }
  bool SplitsBias() const override { return linear_; }

  void Step(const std::vector<RecurrentActivation>& acts, const RecurrentStep& step, const RunProduct& run) const override {
    const size_t n = step.hidden, batch = step.batch;
    const ActivationRows rows{nullptr, batch, 1, n, n};
    run(step.h, rows, step.r[0], Result(step.gates, 3 * n, nullptr, step.projected, 3 * n));
    for (size_t b = 0; b < batch; ++b) acts[0].Apply(step.gates + b * 3 * n, 2 * n);
    float *seen = step.spare, *hidden = step.spare + batch * n;
    if (linear_) {
      run(step.h, rows, step.r[1], Result(hidden, n, step.r_bias, nullptr, 0));
      for (size_t b = 0; b < batch; ++b) {
        const float *reset = step.gates + b * 3 * n + n, *projected = step.projected + b * 3 * n + 2 * n;
        for (size_t j = 0; j < n; ++j) hidden[b * n + j] = projected[j] + reset[j] * hidden[b * n + j];
      }
    } else {
      for (size_t b = 0; b < batch; ++b) {
        const float* reset = step.gates + b * 3 * n + n;
        for (size_t j = 0; j < n; ++j) seen[b * n + j] = reset[j] * step.h[b * n + j];
      }
      run(seen, rows, step.r[1], Result(hidden, n, nullptr, step.projected + 2 * n, 3 * n));
    }
    acts[1].Apply(hidden, batch * n);
    for (size_t b = 0; b < batch; ++b) {
      if (!IsActive(step, b)) continue;
      const float* update = step.gates + b * 3 * n;
      float* h = step.h + b * n;
      for (size_t j = 0; j < n; ++j) h[j] = (1.0f - update[j]) * hidden[b * n + j] + update[j] * h[j];
    }
  }

 private:
  bool linear_;
};

class RnnCell : public RecurrentCell {
 public:
  size_t Gates() const override { return 1; }

  void Step(const std::vector<RecurrentActivation>& acts, const RecurrentStep& step, const RunProduct& run) const override {
    const size_t n = step.hidden;
    run(step.h, {nullptr, step.batch, 1, n, n}, step.r[0], Result(step.gates, n, nullptr, step.projected, n));
    acts[0].Apply(step.gates, step.batch * n);
    for (size_t b = 0; b < step.batch; ++b) {
      if (IsActive(step, b)) std::memcpy(step.h + b * n, step.gates + b * n, n * sizeof(float));
    }
  }
};

}  // namespace

RecurrentActivation::RecurrentActivation(const char* op, std::string name, const std::vector<float>& alphas, size_t* alpha,
                                         const std::vector<float>& betas, size_t* beta, float clip)
    : clip_(clip) {
  for (char& letter : name) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  const auto next = [](const std::vector<float>& values, size_t* at, float otherwise) {
    return *at < values.size() ? values[(*at)++] : otherwise;
  };
  if (name == "sigmoid") {
    act_.kind = Activation::kSigmoid;
  } else if (name == "tanh") {
    act_.kind = Activation::kTanh;
  } else if (name == "relu") {
    act_ = {Activation::kClamp, 0, std::numeric_limits<float>::infinity()};
  } else if (name == "leakyrelu") {
    act_ = {Activation::kLeaky, next(alphas, alpha, 0.01f), 0};
  } else if (name == "hardsigmoid") {
    const float slope = next(alphas, alpha, 0.2f);
    act_ = {Activation::kHardSigmoid, slope, next(betas, beta, 0.5f)};
  } else if (name == "elu") {
    act_ = {Activation::kElu, next(alphas, alpha, 1), 0};
  } else if (name == "softplus") {
    act_.kind = Activation::kSoftplus;
  } else if (name == "softsign") {
    is_unary_ = true;
    unary_.kind = Unary::kSoftsign;
  } else if (name == "thresholdedrelu") {
    is_unary_ = true;
    unary_ = {Unary::kThresholdedRelu, next(alphas, alpha, 1), 0};
  } else {
    RefuseProgram(std::string(op) + " activations", "an activation of the engine", name);
  }
}

void RecurrentActivation::Apply(float* x, size_t count) const {
  if (std::isfinite(clip_)) ActivateF32()({Activation::kClamp, -clip_, clip_}, x, count, x);
  if (is_unary_) {
    UnaryF32()(unary_, x, count, x);
  } else {
    ActivateF32()(act_, x, count, x);
  }
}

std::unique_ptr<RecurrentCell> MakeLstmCell(bool couples_forget) { return std::make_unique<LstmCell>(couples_forget); }
std::unique_ptr<RecurrentCell> MakeGruCell(bool linear_before_reset) {
  return std::make_unique<GruCell>(linear_before_reset);
}
std::unique_ptr<RecurrentCell> MakeRnnCell() { return std::make_unique<RnnCell>(); }

}  // namespace gossamer
