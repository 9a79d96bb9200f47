// The logistic function and its inverse from tables that come from + - * / alone, the same bits everywhere: coders/logistic.ts.
#pragma once
#include <cstdint>

namespace gossamer {

// ln(p / (1 - p)) of p in 1/65536, by p.
const double* Stretch();

// 1 / (1 + e^-x) in 1/65536, linear between steps of 1/128, ends at -12 and 12.
double Logistic(double x);

// The same as an integer in [8, 65528].
uint32_t Squash(double x);

}  // namespace gossamer
