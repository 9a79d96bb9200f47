// The cells of LSTM, GRU and RNN: one step of one direction, for all items of a batch.
#pragma once
#include <memory>

#include "engine/operator.h"
#include "kernels/gemm_f32/gemm_f32.h"
#include "kernels/unary_f32/unary_f32.h"

namespace gossamer {

// An activation of the recurrent operators: one of either kernel, after a clip of its input.
class RecurrentActivation {
 public:
  // A name of the standard, in any case. alpha and beta are read only by those that have them, from *alphas and *betas
  // on; null where none are left. Throws ERR_ENGINE_PROGRAM for a name the engine lacks (Affine, ScaledTanh).
  RecurrentActivation(const char* op, std::string name, const std::vector<float>& alphas, size_t* alpha,
                      const std::vector<float>& betas, size_t* beta, float clip);
  void Apply(float* x, size_t count) const;

 private:
  bool is_unary_ = false;
  ActivationSpec act_{};
  UnarySpec unary_{};
  float clip_;
};

// What a step reads and changes; all rows are one item's.
struct RecurrentStep {
  size_t batch, hidden;
  const float* projected;  // [batch, gates * hidden]: the input times W, and biases
  float *h, *c;            // [batch, hidden]: the state; c of an LSTM only
  float *gates, *spare;    // [batch, gates * hidden] and [batch, 2 * hidden] of scratch memory
  const uint8_t* active;   // [batch]: 0 where the sequence has ended; null: none has
  const WeightsF32* r;     // recurrent weights, RecurrentCell::Parts() of them
  const float* r_bias;     // of the last part, where it is not in `projected`; null: 0
  const float* peepholes;  // [3 * hidden], of i, o, f; null: none
};

// How products with the recurrent weights are run: on this thread, or split over several.
using RunProduct = std::function<void(const float* x, const ActivationRows& rows, const WeightsF32& weights,
                                      const FloatOutput& output)>;

class RecurrentCell {
 public:
  virtual ~RecurrentCell() = default;
  virtual size_t Gates() const = 0;
  // How many gates each part of the recurrent weights has; one or two parts.
  virtual std::vector<size_t> Parts() const { return {Gates()}; }
  // Whether the recurrent bias of the last part stays out of `projected`.
  virtual bool SplitsBias() const { return false; }
  virtual void Step(const std::vector<RecurrentActivation>& acts, const RecurrentStep& step, const RunProduct& run) const = 0;
};

std::unique_ptr<RecurrentCell> MakeLstmCell(bool couples_forget);
std::unique_ptr<RecurrentCell> MakeGruCell(bool linear_before_reset);
std::unique_ptr<RecurrentCell> MakeRnnCell();

}  // namespace gossamer
