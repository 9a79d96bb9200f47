#include "kernels/peak/peak.h"

namespace gossamer {
namespace {

constexpr Variant<PeakInt8Fn> kInt8[] = {
#if GOSSAMER_X86_64
    {Isa::kAvx512Vnni, PeakInt8Avx512Vnni}, {Isa::kAvxVnni, PeakInt8AvxVnni},
    {Isa::kAvx512, PeakInt8Avx512},         {Isa::kAvx2, PeakInt8Avx2},
#elif GOSSAMER_AARCH64
    {Isa::kNeonI8mm, PeakInt8NeonI8mm}, {Isa::kNeonDotprod, PeakInt8NeonDotprod}, {Isa::kNeon, PeakInt8Neon},
#endif
    {Isa::kScalar, PeakInt8Scalar}};

constexpr Variant<PeakFloatFn> kFloat[] = {GOSSAMER_VARIANT_ROWS(PeakFloat)};

constexpr Variant<PeakBf16Fn> kBf16[] = {
#if GOSSAMER_X86_64
    {Isa::kAvx512Bf16, PeakBf16Avx512Bf16},
#endif
    {Isa::kScalar, PeakBf16Scalar}};

constexpr Variant<ReadBytesFn> kRead[] = {GOSSAMER_VARIANT_ROWS(ReadBytes)};

}  // namespace

VariantList<PeakInt8Fn> PeakInt8Variants() { return List(kInt8); }
VariantList<PeakFloatFn> PeakFloatVariants() { return List(kFloat); }
VariantList<PeakBf16Fn> PeakBf16Variants() { return List(kBf16); }
VariantList<ReadBytesFn> ReadBytesVariants() { return List(kRead); }

}  // namespace gossamer
