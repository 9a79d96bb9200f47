#include "linalg/output_error.h"

#include "linalg/gram.h"

namespace gossamer {

bool OutputError(const float* changed, const float* target, size_t rows, const double* second, size_t columns,
                 double* error, AbortFlag abort) {
  return GramDot(changed, target, rows, columns, second, error, abort);
}

}  // namespace gossamer
