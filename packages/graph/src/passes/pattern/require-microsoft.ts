import type { Model } from '../../ir/model.js';
import type { PassScope } from '../pass-scope.js';

/** ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';

/**
 * True when nodes of `scope` may be of ONNX Runtime's own operators, whose domain is imported now if it was not. A function body keeps the
 * imports it has.
 */
export function requireMicrosoft(model: Model, scope: PassScope): boolean {
  if (scope.opsets.has(MICROSOFT)) return true;
  if (scope.opsets !== model.opsets) return false;
  model.opsets.set(MICROSOFT, 1);
  return true;
}
