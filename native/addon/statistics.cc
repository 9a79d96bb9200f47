// Statistics of float arrays.
#include "addon/layout.h"
#include "addon/operations.h"
#include "kernels/min_max/tensor.h"

namespace gossamer {

Work PrepareMinMaxTensor(Arguments& args) {
  const Array<const float> x = args.In<float>(0, "x");
  const TensorLayout layout = ReadLayout(args, 1, x.length);
  const Array<float> min = args.Out<float>(6, "min", layout.ParameterCount());
  const Array<float> max = args.Out<float>(7, "max", layout.ParameterCount());
  const Array<double> counts = args.Out<double>(8, "counts", 2);
  return [=](AbortFlag abort) {
    uint64_t nan_count = 0, inf_count = 0;
    const bool done = MinMaxTensor(x.data, layout, min.data, max.data, &nan_count, &inf_count, abort);
    counts.data[0] = static_cast<double>(nan_count);
    counts.data[1] = static_cast<double>(inf_count);
    return done;
  };
}

}  // namespace gossamer
