import { operatorTypes } from '@gossamer/kernels';

/** Those of `names` that the native engine of this process has kernels for, by their own name or that of their channels-last form. */
export function nativeFunctions(names: readonly string[]): ReadonlySet<string> {
  const types = operatorTypes();
  return new Set(names.filter((name) => types.has(name) || types.has(`${name}Nhwc`)));
}
