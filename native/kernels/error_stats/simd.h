// The vector body of error_stats, written over the operations of one kernels/simd/ header, which is included first.
#include <math.h>

#include "kernels/error_stats/error_stats.h"

namespace gossamer {
namespace {

constexpr size_t kPartialSums = 8;
constexpr size_t kVectors = kPartialSums / kDoubleLanes;

// The partial sums of one quantity.
struct Partial {
  F64 sums[kVectors];

  inline Partial() {
    for (F64& sum : sums) sum = FillD(0.0);
  }
  inline void Store(double* p) const {
    for (size_t v = 0; v < kVectors; ++v) StoreD(p + v * kDoubleLanes, sums[v]);
  }
  inline double Fold() const {
    double p[kPartialSums];
    Store(p);
    for (size_t half = kPartialSums / 2; half > 0; half /= 2) {
      for (size_t j = 0; j < half; ++j) p[j] += p[j + half];
    }
    return p[0];
  }
};

struct Accumulator {
  Partial squared_error, squared_reference, squared_actual, dot, max_error;

  // One vector of pairs, the first of which is element `first` of the block, a multiple of kLanes.
  inline void Add(F32 a, F32 b, size_t first, uint64_t* non_finite) {
    const F32 infinity = Fill(INFINITY), zero = Fill(0.0f);
    const Mask finite = And(Less(Abs(a), infinity), Less(Abs(b), infinity));
    *non_finite += kLanes - Count(finite);
    F64 reference[kLanes / kDoubleLanes], actual[kLanes / kDoubleLanes];
    Widen(Pick(finite, a, zero), reference);
    Widen(Pick(finite, b, zero), actual);
    for (size_t v = 0; v < kLanes / kDoubleLanes; ++v) {
      const size_t at = (first / kDoubleLanes + v) % kVectors;
      const F64 error = SubD(reference[v], actual[v]);
      squared_error.sums[at] = AddD(squared_error.sums[at], MulD(error, error));
      squared_reference.sums[at] = AddD(squared_reference.sums[at], MulD(reference[v], reference[v]));
      squared_actual.sums[at] = AddD(squared_actual.sums[at], MulD(actual[v], actual[v]));
      dot.sums[at] = AddD(dot.sums[at], MulD(reference[v], actual[v]));
      max_error.sums[at] = LargerD(AbsD(error), max_error.sums[at]);
    }
  }
};

}  // namespace

void GOSSAMER_SIMD(ErrorBlock)(const float* a, const float* b, size_t count, ErrorSums* sums) {
  constexpr size_t kStep = kLanes > kPartialSums ? kLanes : kPartialSums;  // whole rounds over the partial sums
  Accumulator total;
  uint64_t non_finite = 0;
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (size_t v = 0; v < kStep; v += kLanes) total.Add(Load(a + i + v), Load(b + i + v), v, &non_finite);
  }
  for (size_t v = 0; i < count; i += kLanes, v += kLanes) {
    const size_t rest = count - i < kLanes ? count - i : kLanes;
    total.Add(LoadFirst(a + i, rest), LoadFirst(b + i, rest), v, &non_finite);
  }
  double max_errors[kPartialSums], max_error = 0;
  total.max_error.Store(max_errors);
  for (double error : max_errors) max_error = error > max_error ? error : max_error;
  *sums = {total.squared_error.Fold(),
           total.squared_reference.Fold(),
           total.squared_actual.Fold(),
           total.dot.Fold(),
           max_error,
           non_finite};
}

}  // namespace gossamer
