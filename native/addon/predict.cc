// What a layer would cost, before it is packed.
#include <algorithm>
#include <vector>

#include "addon/operations.h"
#include "kernels/sparse_i8/pack.h"

namespace gossamer {
namespace {

// About as many weights are looked at: some panels, and one is much like another.
constexpr size_t kSampledWeights = 64 << 10;

struct Layer {
  const int8_t* w;
  size_t outputs, channels, taps;
  bool outputs_last;
  Array<const int32_t> order;  // empty, or the channels

  int8_t At(size_t n, size_t t, size_t c) const {
    const size_t from = order.length == 0 ? c : static_cast<size_t>(order.data[c]);
    return w[outputs_last ? (from * taps + t) * outputs + n : (n * channels + from) * taps + t];
  }
};

double Predict(const Layer& layer) {
  const size_t depth = layer.channels * layer.taps, panels = (layer.outputs + kSparsePanel - 1) / kSparsePanel;
  if (depth == 0 || panels == 0) return 0;
  const size_t count = std::min(panels, 1 + kSampledWeights / (kSparsePanel * depth));
  std::vector<int8_t> plain;  // [output][tap][channel]
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = (2 * i + 1) * panels / (2 * count) * kSparsePanel;
    const size_t end = std::min(layer.outputs, begin + kSparsePanel);
    plain.clear();
    for (size_t n = begin; n < end; ++n) {
      for (size_t t = 0; t < layer.taps; ++t) {
        for (size_t c = 0; c < layer.channels; ++c) plain.push_back(layer.At(n, t, c));
      }
    }
    sum += PredictI8({plain.data(), end - begin, layer.taps, layer.channels});
  }
  const size_t groups = (layer.outputs + kSparseGroup - 1) / kSparseGroup;
  return sum / static_cast<double>(count) * static_cast<double>(groups);
}

}  // namespace

Work PreparePredictInt8(Arguments& args) {
  const Array<const uint8_t> w = args.InBytes(0, "w");
  const size_t outputs = args.Size(1, "outputs"), channels = args.Size(2, "channels"), taps = args.Size(3, "taps");
  const bool outputs_last = args.Boolean(4, "outputsLast");
  RequireLength("w", w.length, Product("outputs * channels * taps", outputs, channels, taps));
  const Array<const int32_t> order = args.In<int32_t>(5, "order");
  if (order.length != 0) RequireLength("order", order.length, channels);
  for (size_t c = 0; c < order.length; ++c) {
    if (order.data[c] < 0 || static_cast<size_t>(order.data[c]) >= channels) {
      throw ArgumentError{"ERR_BAD_OPTION", "order: expected numbers of channels"};
    }
  }
  const Array<double> cost = args.Out<double>(6, "cost", 1);
  return [=](AbortFlag) {
    cost.data[0] =
        Predict({reinterpret_cast<const int8_t*>(w.data), outputs, channels, taps, outputs_last, order});
    return true;
  };
}

}  // namespace gossamer
