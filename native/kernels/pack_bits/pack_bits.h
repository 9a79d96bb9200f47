// Packing of 4-bit and 2-bit codes, the first element in the lowest bits (ONNX int4, uint4, int2, uint2 and
// MatMulNBits).
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// packed[i / 2] holds codes[i] & 15 in its low half for even i, in its high half for odd i; i < count. Writes
// (count + 1) / 2 bytes; unused bits of the last are 0. No overlap.
using PackNibblesFn = void(const uint8_t* codes, size_t count, uint8_t* packed);
// The inverse: one code a byte, sign-extended from bit 3 when `is_signed`.
using UnpackNibblesFn = void(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes);

// The same with four codes of 2 bits a byte; (count + 3) / 4 bytes.
using PackCrumbsFn = void(const uint8_t* codes, size_t count, uint8_t* packed);
using UnpackCrumbsFn = void(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes);

PackNibblesFn PackNibblesScalar, PackNibblesAvx2, PackNibblesAvx512, PackNibblesNeon;
UnpackNibblesFn UnpackNibblesScalar, UnpackNibblesAvx2, UnpackNibblesAvx512, UnpackNibblesNeon;
PackCrumbsFn PackCrumbsScalar, PackCrumbsAvx2, PackCrumbsAvx512, PackCrumbsNeon;
UnpackCrumbsFn UnpackCrumbsScalar, UnpackCrumbsAvx2, UnpackCrumbsAvx512, UnpackCrumbsNeon;

VariantList<PackNibblesFn> PackNibblesVariants();
VariantList<UnpackNibblesFn> UnpackNibblesVariants();
VariantList<PackCrumbsFn> PackCrumbsVariants();
VariantList<UnpackCrumbsFn> UnpackCrumbsVariants();

PackNibblesFn& PackNibbles();  // best one for this CPU
UnpackNibblesFn& UnpackNibbles();
PackCrumbsFn& PackCrumbs();
UnpackCrumbsFn& UnpackCrumbs();

}  // namespace gossamer
