#include <arm_neon.h>

#include "kernels/table_u8/table_u8.h"

namespace gossamer {

// tbl looks up 64 entries and gives 0 beyond them, tbx leaves what there is: the four quarters one after the other.
void TableU8Neon(const uint8_t* table, const uint8_t* x, size_t count, uint8_t* y) {
  const uint8x16x4_t t0 = vld1q_u8_x4(table), t1 = vld1q_u8_x4(table + 64), t2 = vld1q_u8_x4(table + 128),
                     t3 = vld1q_u8_x4(table + 192);
  const uint8x16_t quarter = vdupq_n_u8(64);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    uint8x16_t index = vld1q_u8(x + i);
    uint8x16_t result = vqtbl4q_u8(t0, index);
    result = vqtbx4q_u8(result, t1, index = vsubq_u8(index, quarter));
    result = vqtbx4q_u8(result, t2, index = vsubq_u8(index, quarter));
    result = vqtbx4q_u8(result, t3, vsubq_u8(index, quarter));
    vst1q_u8(y + i, result);
  }
  TableU8Scalar(table, x + i, count - i, y + i);
}

}  // namespace gossamer
