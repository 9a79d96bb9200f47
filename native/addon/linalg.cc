// Second moments, factorizations and the solvers of layers over them.
#include "addon/operations.h"
#include "linalg/gram.h"

namespace gossamer {

Work PrepareAddGram(Arguments& args) {
  const Array<const float> x = args.In<float>(0, "x");
  const bool is_cross = !args.IsMissing(1);
  Array<const float> y{nullptr, 0};
  if (is_cross) y = args.In<float>(1, "y");
  const size_t columns = args.Size(2, "columns");
  if (columns == 0) RequireLength("x", x.length, 0);
  const size_t count = columns == 0 ? 0 : x.length / columns;
  RequireLength("x", x.length, count * columns);
  if (is_cross) RequireLength("y", y.length, x.length);
  const Array<double> sums = args.Out<double>(3, "sums", Product("sums", columns, columns));
  return [=](AbortFlag abort) { return AddGram(x.data, is_cross ? y.data : nullptr, count, columns, sums.data, abort); };
}

}  // namespace gossamer
