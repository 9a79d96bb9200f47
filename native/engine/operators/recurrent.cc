// LSTM, GRU, RNN in float32: the products of all inputs with W first, some steps at a time, then step after step.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/buffer.h"
#include "engine/operators/arguments.h"
#include "engine/operators/float_weights.h"
#include "engine/operators/recurrent_cell.h"

namespace gossamer {
namespace {

enum class Direction : uint8_t { kForward, kReverse, kBidirectional };

// Of one run.
struct Sizes {
  size_t steps, batch, directions, input, hidden, gates;  // gates: rows of W, all gates' together
};

// Packed weights of one direction.
struct Packed {
  WeightsF32 w, r[2];
};

// One direction while it runs.
struct Track {
  bool backward;
  Packed weights;
  const float *x_bias, *r_bias, *peepholes;
  float *h, *c, *gates, *spare, *projected;
  int32_t* rows;
  uint8_t* active;
};

class RecurrentOperator : public Operator {
 public:
  RecurrentOperator(OperatorSpec& spec, std::unique_ptr<RecurrentCell> cell, const std::vector<std::string>& defaults);

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override;
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override;
  size_t PackedBytes() const override { return packed_bytes_; }

 private:
  Sizes SizesOf(const TensorList& inputs) const;
  size_t PackedFloats(const Sizes& sizes) const;
  void Pack(const Sizes& sizes, const float* w, const float* r, float* packed) const;
  Packed PackedOf(const Sizes& sizes, const float* packed, size_t direction) const;
  Track TrackOf(const TensorList& inputs, const Sizes& sizes, const float* packed, size_t direction, size_t chunk,
                RunContext& context) const;
  void Project(const TensorList& inputs, const Sizes& sizes, Track* tracks, size_t first, size_t end, RunContext& context) const;
  void RunSteps(const TensorList& inputs, const Sizes& sizes, const Track& track, size_t direction, size_t first, size_t end,
                const RunProduct& run, float* y) const;

  // The time step of item b at step s of a direction; whether its sequence has not ended.
  size_t TimeOf(const TensorList& inputs, const Sizes& sizes, bool backward, size_t s, size_t b, bool* active) const {
    const Tensor* lengths = Optional(inputs, 4);
    const size_t length = lengths ? static_cast<size_t>(IntegerAt(*lengths, b)) : sizes.steps;
    *active = s < length;
    return !*active ? 0 : backward ? length - 1 - s : s;
  }
  size_t StateAt(const Sizes& sizes, size_t direction, size_t b) const {
    return (batch_first_ ? b * sizes.directions + direction : direction * sizes.batch + b) * sizes.hidden;
  }

  std::string op_;
  std::unique_ptr<RecurrentCell> cell_;
  Direction direction_ = Direction::kForward;
  bool batch_first_;
  std::vector<std::vector<RecurrentActivation>> activations_;  // by direction
  Buffer packed_;                                              // null where the weights are no constants
  size_t packed_bytes_ = 0;
};

std::vector<std::string> Names(const std::string& text) {
  std::vector<std::string> names(1);
  for (const char letter : text) {
    if (letter != ',' && letter != ' ') {
      names.back() += letter;
    } else if (!names.back().empty()) {
      names.emplace_back();
    }
  }
  if (names.back().empty()) names.pop_back();
  return names;
}

RecurrentOperator::RecurrentOperator(OperatorSpec& spec, std::unique_ptr<RecurrentCell> cell,
                                     const std::vector<std::string>& defaults)
    : op_(spec.type), cell_(std::move(cell)), batch_first_(spec.attributes.Int("layout", 0) != 0) {
  const std::string direction = spec.attributes.Text("direction", "forward");
  if (direction == "reverse") {
    direction_ = Direction::kReverse;
  } else if (direction == "bidirectional") {
    direction_ = Direction::kBidirectional;
  } else if (direction != "forward") {
    RefuseProgram(op_ + " direction", "forward, reverse or bidirectional", direction);
  }
  const size_t directions = direction_ == Direction::kBidirectional ? 2 : 1;
  std::vector<std::string> names = Names(spec.attributes.Text("activations", ""));
  if (names.empty()) {
    for (size_t d = 0; d < directions; ++d) names.insert(names.end(), defaults.begin(), defaults.end());
  }
  if (names.size() != directions * defaults.size()) {
    RefuseProgram(op_ + " activations", std::to_string(directions * defaults.size()), std::to_string(names.size()));
  }
  const std::vector<float> alphas = spec.attributes.Floats("activation_alpha");
  const std::vector<float> betas = spec.attributes.Floats("activation_beta");
  const float clip = spec.attributes.Float("clip", std::numeric_limits<float>::infinity());
  size_t alpha = 0, beta = 0;
  activations_.resize(directions);
  for (size_t i = 0; i < names.size(); ++i) {
    activations_[i / defaults.size()].emplace_back(op_.c_str(), names[i], alphas, &alpha, betas, &beta, clip);
  }
  const Tensor *w = spec.Constant(1), *r = spec.Constant(2);
  if (w == nullptr || r == nullptr || w->dims.Rank() != 3 || r->dims.Rank() != 3) return;
  Sizes sizes{};
  sizes.directions = directions;
  sizes.input = static_cast<size_t>(w->dims[2]);
  sizes.hidden = static_cast<size_t>(r->dims[2]);
  sizes.gates = cell_->Gates() * sizes.hidden;
  const Dims w_dims{static_cast<int64_t>(directions), static_cast<int64_t>(sizes.gates), w->dims[2]};
  const Dims r_dims{static_cast<int64_t>(directions), static_cast<int64_t>(sizes.gates), r->dims[2]};
  if (w->dims != w_dims || r->dims != r_dims || w->Count() == 0 || r->Count() == 0) return;  // Shape refuses them
  packed_bytes_ = PackedFloats(sizes) * sizeof(float);
  packed_ = NewBuffer(packed_bytes_ + kReadSlack);
  Pack(sizes, w->As<float>(), r->As<float>(), static_cast<float*>(packed_.get()));
  spec.released[1] = spec.released[2] = true;
}

Sizes RecurrentOperator::SizesOf(const TensorList& inputs) const {
  const Dims &x = inputs[0]->dims, &w = inputs[1]->dims, &r = inputs[2]->dims;
  if (x.Rank() != 3 || w.Rank() != 3 || r.Rank() != 3 || w[2] == 0 || r[2] == 0) {
    RefuseShape(op_, "X, W and R of three axes, not empty", x.Text() + ", " + w.Text() + " and " + r.Text());
  }
  Sizes sizes{};
  sizes.steps = static_cast<size_t>(x[batch_first_ ? 1 : 0]);
  sizes.batch = static_cast<size_t>(x[batch_first_ ? 0 : 1]);
  sizes.directions = activations_.size();
  sizes.input = static_cast<size_t>(x[2]);
  sizes.hidden = static_cast<size_t>(r[2]);
  sizes.gates = cell_->Gates() * sizes.hidden;
  const int64_t d = static_cast<int64_t>(sizes.directions), g = static_cast<int64_t>(sizes.gates), n = r[2];
  const int64_t batch = static_cast<int64_t>(sizes.batch);
  const auto check = [&](const char* name, const Tensor* tensor, const Dims& wanted) {
    if (tensor && tensor->dims != wanted) RefuseShape(op_ + " " + name, wanted.Text(), tensor->dims.Text());
  };
  check("W", inputs[1], Dims{d, g, x[2]});
  check("R", inputs[2], Dims{d, g, n});
  check("B", Optional(inputs, 3), Dims{d, 2 * g});
  check("sequence_lens", Optional(inputs, 4), Dims{batch});
  const Dims state = batch_first_ ? Dims{batch, d, n} : Dims{d, batch, n};
  check("initial_h", Optional(inputs, 5), state);
  check("initial_c", Optional(inputs, 6), state);
  check("P", Optional(inputs, 7), Dims{d, 3 * n});
  if (inputs[0]->Count() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    RefuseShape(op_ + " X", "fewer than 2^31 elements", x.Text());
  }
  return sizes;
}

void RecurrentOperator::Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const {
  const Sizes sizes = SizesOf(inputs);
  if (const Tensor* lengths = Optional(inputs, 4)) {
    for (size_t b = 0; b < sizes.batch; ++b) {
      const int64_t length = IntegerAt(*lengths, b);
      if (length < 0 || length > static_cast<int64_t>(sizes.steps)) {
        RefuseValue(op_ + " sequence_lens", "numbers from 0 to " + std::to_string(sizes.steps), std::to_string(length));
      }
    }
  }
  const int64_t steps = static_cast<int64_t>(sizes.steps), batch = static_cast<int64_t>(sizes.batch);
  const int64_t d = static_cast<int64_t>(sizes.directions), n = static_cast<int64_t>(sizes.hidden);
  outputs[0].dims = batch_first_ ? Dims{batch, steps, d, n} : Dims{steps, d, batch, n};
  for (size_t i = 1; i < outputs.size(); ++i) outputs[i].dims = batch_first_ ? Dims{batch, d, n} : Dims{d, batch, n};
}

size_t RecurrentOperator::PackedFloats(const Sizes& sizes) const {
  size_t floats = PackedCountF32(sizes.input, sizes.gates);
  for (size_t gates : cell_->Parts()) floats += PackedCountF32(sizes.hidden, gates * sizes.hidden);
  return floats * sizes.directions;
}

void RecurrentOperator::Pack(const Sizes& sizes, const float* w, const float* r, float* packed) const {
  for (size_t d = 0; d < sizes.directions; ++d) {
    PackF32({w + d * sizes.gates * sizes.input, sizes.gates, 1, sizes.input, sizes.input, 0, 1}, 0, StripsF32(sizes.gates), 1,
            packed);
    packed += PackedCountF32(sizes.input, sizes.gates);
    const float* rows = r + d * sizes.gates * sizes.hidden;
    for (size_t gates : cell_->Parts()) {
      const size_t n = gates * sizes.hidden;
      PackF32({rows, n, 1, sizes.hidden, sizes.hidden, 0, 1}, 0, StripsF32(n), 1, packed);
      packed += PackedCountF32(sizes.hidden, n);
      rows += n * sizes.hidden;
    }
  }
}

Packed RecurrentOperator::PackedOf(const Sizes& sizes, const float* packed, size_t direction) const {
  packed += PackedFloats(sizes) / sizes.directions * direction;
  Packed result{};
  result.w = PackedF32(packed, sizes.input, sizes.gates);
  packed += PackedCountF32(sizes.input, sizes.gates);
  size_t part = 0;
  for (size_t gates : cell_->Parts()) {
    result.r[part++] = PackedF32(packed, sizes.hidden, gates * sizes.hidden);
    packed += PackedCountF32(sizes.hidden, gates * sizes.hidden);
  }
  return result;
}

// Memory, biases and the initial state of one direction.
Track RecurrentOperator::TrackOf(const TensorList& inputs, const Sizes& sizes, const float* packed, size_t direction,
                                 size_t chunk, RunContext& context) const {
  const auto floats = [&](size_t count) { return static_cast<float*>(context.Scratch(count * sizeof(float))); };
  const size_t n = sizes.hidden, g = sizes.gates, states = sizes.batch * n;
  Track track{};
  track.backward = direction == 1 || direction_ == Direction::kReverse;
  track.weights = PackedOf(sizes, packed, direction);
  track.h = floats(states);
  track.c = floats(states);
  track.gates = floats(sizes.batch * g);
  track.spare = floats(2 * states + n);
  track.projected = floats(chunk * sizes.batch * g);
  track.rows = static_cast<int32_t*>(context.Scratch(chunk * sizes.batch * sizeof(int32_t)));
  track.active = static_cast<uint8_t*>(context.Scratch(chunk * sizes.batch));
  if (const Tensor* bias = Optional(inputs, 3)) {
    const float *w_bias = bias->As<float>() + direction * 2 * g, *r_bias = w_bias + g;
    float* sums = floats(g);
    const size_t kept = cell_->SplitsBias() ? cell_->Parts().back() * n : 0;
    for (size_t j = 0; j < g; ++j) sums[j] = j < g - kept ? w_bias[j] + r_bias[j] : w_bias[j];
    track.x_bias = sums;
    track.r_bias = kept > 0 ? r_bias + g - kept : nullptr;
  }
  if (const Tensor* peepholes = Optional(inputs, 7)) track.peepholes = peepholes->As<float>() + direction * 3 * n;
  const Tensor *h = Optional(inputs, 5), *c = Optional(inputs, 6);
  std::fill_n(track.h, states, 0.0f);
  std::fill_n(track.c, states, 0.0f);
  for (size_t b = 0; b < sizes.batch; ++b) {
    const size_t at = StateAt(sizes, direction, b);
    if (h) std::memcpy(track.h + b * n, h->As<float>() + at, n * sizeof(float));
    if (c) std::memcpy(track.c + b * n, c->As<float>() + at, n * sizeof(float));
  }
  return track;
}

// The inputs of steps first .. end - 1 of every direction times W.
void RecurrentOperator::Project(const TensorList& inputs, const Sizes& sizes, Track* tracks, size_t first, size_t end,
                                RunContext& context) const {
  const size_t rows = (end - first) * sizes.batch;
  for (size_t d = 0; d < sizes.directions; ++d) {
    for (size_t i = 0; i < rows; ++i) {
      const size_t b = i % sizes.batch;
      bool active = false;
      const size_t t = TimeOf(inputs, sizes, tracks[d].backward, first + i / sizes.batch, b, &active);
      const size_t row = batch_first_ ? b * sizes.steps + t : t * sizes.batch + b;
      tracks[d].rows[i] = static_cast<int32_t>(row * sizes.input);
      tracks[d].active[i] = active;
    }
  }
  const GemmTiles tiles = PlanGemmF32(rows, sizes.gates, sizes.input, sizes.input);
  context.Parallel(tiles.Count() * sizes.directions, [&](size_t i) {
    const Track& track = tracks[i / tiles.Count()];
    const GemmTile tile = tiles.At(i % tiles.Count());
    const FloatOutput output{track.x_bias, nullptr, 0, {Activation::kNone, 0, 0}, track.projected, sizes.gates};
    GemmF32()(inputs[0]->As<float>(), {track.rows, rows, 1, sizes.input, 0}, tile.m0, tile.m1, track.weights.w, tile.n0,
              tile.n1, output);
  });
}

void RecurrentOperator::RunSteps(const TensorList& inputs, const Sizes& sizes, const Track& track, size_t direction,
                                 size_t first, size_t end, const RunProduct& run, float* y) const {
  const size_t n = sizes.hidden;
  for (size_t s = first; s < end; ++s) {
    const size_t at = (s - first) * sizes.batch;
    const uint8_t* active = track.active + at;
    const bool all = std::all_of(active, active + sizes.batch, [](uint8_t one) { return one != 0; });
    const RecurrentStep step{sizes.batch,     n,           track.projected + at * sizes.gates, track.h,      track.c, track.gates,
                             track.spare,     all ? nullptr : active, track.weights.r,         track.r_bias, track.peepholes};
    cell_->Step(activations_[direction], step, run);
    for (size_t b = 0; b < sizes.batch; ++b) {
      bool is_active = false;
      const size_t t = TimeOf(inputs, sizes, track.backward, s, b, &is_active);
      if (!is_active) continue;
      const size_t row = batch_first_ ? (b * sizes.steps + t) * sizes.directions + direction
                                      : (t * sizes.directions + direction) * sizes.batch + b;
      std::memcpy(y + row * n, track.h + b * n, n * sizeof(float));
    }
  }
}

void RecurrentOperator::Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const {
  const Sizes sizes = SizesOf(inputs);
  // As many steps at a time as keep their projections within the L2 cache.
  constexpr size_t kChunkFloats = 1 << 17;
  const size_t chunk = std::min(std::max<size_t>(kChunkFloats / std::max<size_t>(sizes.batch * sizes.gates, 1), 1), sizes.steps);
  const auto* packed = static_cast<const float*>(packed_.get());
  if (packed == nullptr) {
    auto* fresh = static_cast<float*>(context.Scratch(PackedFloats(sizes) * sizeof(float)));
    Pack(sizes, inputs[1]->As<float>(), inputs[2]->As<float>(), fresh);
    packed = fresh;
  }
  Track tracks[2] = {};
  for (size_t d = 0; d < sizes.directions; ++d) tracks[d] = TrackOf(inputs, sizes, packed, d, chunk, context);
  float* y = outputs[0].As<float>();
  if (Optional(inputs, 4)) std::memset(y, 0, outputs[0].Bytes());  // what lies behind the ends of sequences
  // A product on this thread alone, and one that is split.
  const RunProduct alone = [](const float* x, const ActivationRows& rows, const WeightsF32& weights, const FloatOutput& output) {
    GemmF32()(x, rows, 0, rows.count, weights, 0, weights.n, output);
  };
  const RunProduct split = [&](const float* x, const ActivationRows& rows, const WeightsF32& weights,
                               const FloatOutput& output) {
    const size_t strips = StripsF32(weights.n), parts = std::min<size_t>(strips, 2 * context.Threads());
    context.Parallel(parts, [&](size_t i) {
      const size_t n0 = strips * i / parts * kStripF32, n1 = std::min(strips * (i + 1) / parts * kStripF32, weights.n);
      GemmF32()(x, rows, 0, rows.count, weights, n0, n1, output);
    });
  };
  // A step of fewer multiplications than this is over before other threads have joined in.
  constexpr size_t kWorthSplitting = 1 << 20;
  const bool splits = sizes.directions == 1 && context.Threads() > 1 && sizes.batch * sizes.gates * sizes.hidden > kWorthSplitting;
  for (size_t first = 0; first < sizes.steps && sizes.batch > 0; first += chunk) {
    const size_t end = std::min(first + chunk, sizes.steps);
    Project(inputs, sizes, tracks, first, end, context);
    if (splits) {
      RunSteps(inputs, sizes, tracks[0], 0, first, end, split, y);
    } else {
      context.Parallel(sizes.directions, [&](size_t d) { RunSteps(inputs, sizes, tracks[d], d, first, end, alone, y); });
    }
  }
  for (size_t i = 1; i < outputs.size(); ++i) {
    for (size_t d = 0; d < sizes.directions; ++d) {
      const float* state = i == 1 ? tracks[d].h : tracks[d].c;
      for (size_t b = 0; b < sizes.batch; ++b) {
        std::memcpy(outputs[i].As<float>() + StateAt(sizes, d, b), state + b * sizes.hidden, sizes.hidden * sizeof(float));
      }
    }
  }
}

std::unique_ptr<Operator> Make(OperatorSpec& spec, size_t inputs, size_t outputs, std::unique_ptr<RecurrentCell> cell,
                               const std::vector<std::string>& defaults) {
  CheckArity(spec, 3, inputs, outputs);
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (i != 4) CheckType(spec, i, DataType::kFloat32);
  }
  CheckIntegers(spec, 4);
  for (size_t i = 0; i < spec.outputs.size(); ++i) CheckOutputType(spec, i, DataType::kFloat32);
  return std::make_unique<RecurrentOperator>(spec, std::move(cell), defaults);
}

}  // namespace

std::unique_ptr<Operator> MakeLSTM(OperatorSpec& spec) {
  return Make(spec, 8, 3, MakeLstmCell(spec.attributes.Int("input_forget", 0) != 0), {"Sigmoid", "Tanh", "Tanh"});
}

std::unique_ptr<Operator> MakeGRU(OperatorSpec& spec) {
  return Make(spec, 6, 2, MakeGruCell(spec.attributes.Int("linear_before_reset", 0) != 0), {"Sigmoid", "Tanh"});
}

std::unique_ptr<Operator> MakeRNN(OperatorSpec& spec) { return Make(spec, 6, 2, MakeRnnCell(), {"Tanh"}); }

}  // namespace gossamer
