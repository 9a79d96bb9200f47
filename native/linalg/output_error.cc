#include "linalg/output_error.h"

#include <vector>

#include "linalg/gram.h"

namespace gossamer {

bool OutputError(const float* changed, const float* target, size_t rows, const double* second, size_t columns,
                 double* error, AbortFlag abort) {
  std::vector<float> difference(rows * columns);
  for (size_t i = 0; i < difference.size(); ++i) difference[i] = changed[i] - target[i];
  std::vector<double> squares(columns * columns);
  if (!AddGram(difference.data(), nullptr, rows, columns, squares.data(), abort)) return false;
  std::vector<double> of_rows(columns);
  const bool done = ThreadPool::Process().ParallelFor(columns, abort, [&](size_t i) {
    const double* m = second + i * columns;
    const double* s = squares.data() + i * columns;
    double sum = 0;
    for (size_t j = i + 1; j < columns; ++j) sum += m[j] * s[j];
    of_rows[i] = m[i] * s[i] + 2 * sum;
  });
  if (!done) return false;
  *error = 0;
  for (double part : of_rows) *error += part;
  return true;
}

}  // namespace gossamer
