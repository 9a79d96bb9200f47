#include <cmath>

#include "kernels/gemm_f64/gemm_f64.h"

namespace gossamer {

void SubtractProductF64Scalar(const double* a, size_t a_stride, const double* b, size_t b_stride, size_t k, double* c,
                              size_t c_stride, size_t m, size_t n) {
  for (size_t i = 0; i < m; ++i) {
    for (size_t p = 0; p < k; ++p) {
      const double factor = -a[p * a_stride + i];
      for (size_t j = 0; j < n; ++j) c[i * c_stride + j] = std::fma(factor, b[p * b_stride + j], c[i * c_stride + j]);
    }
  }
}

}  // namespace gossamer
