/** Codes of the errors that `@gossamer/kernels` throws. */
export type KernelErrorCode =
  | 'ERR_BAD_ISA'
  | 'ERR_BAD_OPTION'
  | 'ERR_BAD_RANGE'
  | 'ERR_BAD_SCALE'
  | 'ERR_BAD_SHAPE'
  | 'ERR_BAD_THREADS'
  | 'ERR_BAD_ZERO_POINT'
  | 'ERR_DETACHED_BUFFER'
  | 'ERR_NATIVE_LOAD'
  | 'ERR_NOT_FINITE'
  | 'ERR_NO_THREAD'
  | 'ERR_OUT_OF_MEMORY'
  | 'ERR_OVERLAP'
  | 'ERR_RESIZABLE_BUFFER'
  | 'ERR_SHARED_BUFFER'
  | 'ERR_WRONG_LENGTH'
  | 'ERR_WRONG_TYPE';
