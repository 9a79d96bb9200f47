// Any function of a byte, by a table.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// y[i] = table[x[i]], i < count; table has 256 bytes. y may be x.
using TableU8Fn = void(const uint8_t* table, const uint8_t* x, size_t count, uint8_t* y);

TableU8Fn TableU8Scalar, TableU8Avx2, TableU8Avx512Vbmi, TableU8Neon;
VariantList<TableU8Fn> TableU8Variants();
TableU8Fn& TableU8();  // best one for this CPU

}  // namespace gossamer
