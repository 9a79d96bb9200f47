import type { GradientSession } from './gradient-session.js';
import { hessianProduct } from './hessian-product.js';
import { meanGradients } from './mean-gradients.js';
import { squaredGradients } from './squared-gradients.js';

/** What criteria look at of the gradients of elements. */
export type GradientStatistic = PlainStatistic | 'inverse-fisher';

/** Those that are gathered in one array a tensor. */
export type PlainStatistic = 'mean-gradient' | 'batch-squares' | 'sample-squares' | 'hessian-gradient';

/** How each is gathered; `batch`: with gradients of so many samples, where the caller has no say. */
export const STATISTICS: Readonly<
  Record<
    PlainStatistic,
    { readonly batch?: number; readonly gather: (session: GradientSession) => Promise<Map<string, Float64Array>> }
  >
> = {
  'mean-gradient': { gather: meanGradients },
  'batch-squares': { gather: squaredGradients },
  'sample-squares': { batch: 1, gather: squaredGradients },
  'hessian-gradient': { gather: async (session) => hessianProduct(session, await meanGradients(session)) },
};
