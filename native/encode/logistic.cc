#include "encode/logistic.h"

#include <vector>

#include "encode/bit_models.h"

namespace gossamer {

const BitModels::Steps BitModels::kSteps;

namespace {

constexpr int kLimit = 12, kSteps = 128, kProbabilities = 65536;

struct Tables {
  std::vector<double> stretch, squash;

  Tables() : stretch(kProbabilities), squash(2 * kLimit * kSteps + 2) {
    // ln(n) = ln(n - 1) + 2 atanh(1 / (2n - 1)).
    std::vector<double> logs(kProbabilities + 1);
    for (int n = 2; n <= kProbabilities; ++n) {
      const double z = 1.0 / (2 * n - 1);
      double term = z, sum = 0;
      for (int k = 1; term > 1e-18; k += 2) {
        sum += term / k;
        term *= z * z;
      }
      logs[n] = logs[n - 1] + 2 * sum;
    }
    stretch[0] = -kLimit;
    for (int p = 1; p < kProbabilities; ++p) stretch[p] = logs[p] - logs[kProbabilities - p];
    // e^(1 / kSteps) by its series.
    double step = 0;
    for (int k = 12; k >= 0; --k) {
      double term = 1;
      for (int j = 1; j <= k; ++j) term = term / (j * kSteps);
      step += term;
    }
    double power = 1;
    for (size_t i = kLimit * kSteps; i < squash.size(); ++i) {
      squash[i] = 65536 * (power / (power + 1));
      power *= step;
    }
    for (int i = 0; i < kLimit * kSteps; ++i) squash[i] = 65536 - squash[2 * kLimit * kSteps - i];
  }
};

const Tables& Shared() {
  static const Tables tables;
  return tables;
}

}  // namespace

const double* Stretch() { return Shared().stretch.data(); }

double Logistic(double x) {
  static const double* const table = Shared().squash.data();
  const double position = ((x > -kLimit ? (x < kLimit ? x : kLimit) : -kLimit) + kLimit) * kSteps;
  const auto index = static_cast<uint32_t>(position);
  return table[index] + (table[index + 1] - table[index]) * (position - index);
}

uint32_t Squash(double x) {
  const auto p = static_cast<uint32_t>(Logistic(x));
  return p < 8 ? 8 : p > 65528 ? 65528 : p;
}

}  // namespace gossamer
