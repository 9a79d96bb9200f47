import { nativeAddon } from './native-call.js';

/** Whether CUDA kernels can run here. */
export interface CudaInfo {
  readonly isAvailable: boolean;
  /** The GPU, its compute capability and the driver's version, or why there is none. */
  readonly description: string;
}

/** Looks for an NVIDIA driver on the first call. Never throws for the lack of one. */
export function cudaInfo(): CudaInfo {
  return nativeAddon().cudaInfo();
}
