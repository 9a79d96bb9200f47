// Every CUDA kernel, one line each: the source of the one binary that the addon carries.
#include "kernels/gemm_i8/cuda.cu"
#include "kernels/gemm_nbits/cuda.cu"
#include "kernels/histogram/cuda.cu"
#include "kernels/quantize_affine/cuda.cu"
#include "kernels/sparse_i8/cuda.cu"
