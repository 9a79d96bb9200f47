#include "kernels/table_u8/table_u8.h"

namespace gossamer {

void TableU8Scalar(const uint8_t* table, const uint8_t* x, size_t count, uint8_t* y) {
  for (size_t i = 0; i < count; ++i) y[i] = table[x[i]];
}

}  // namespace gossamer
