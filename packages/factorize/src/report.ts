/** What was done to one layer, and why. */
export interface LayerReport {
  /** Layer id: scope path and node name. */
  readonly name: string;
  readonly op: string;
  readonly action: 'factorized' | 'left';
  /** Why it was left, or what was written. */
  readonly reason: string;
  /** Of a factored layer: one rank, or for 'tucker-2' those of the outputs and of the inputs. */
  readonly ranks?: readonly number[];
  /** Of the stored weight and of its factors. A weight that layers share counts at the first. */
  readonly bytes: { readonly before: number; readonly after: number };
  /** Multiply-accumulates of one run, open sizes taken as 1; missing where shapes are not known. */
  readonly macs?: { readonly before: number; readonly after: number };
  /** Of a factored layer: norm of the weight's change over its norm. */
  readonly weightError?: number;
  /**
   * With data: root of the power of the output's change over the output's power (both without bias), on the inputs that the layer has in the given model; with `refit` the change
   * includes what the factored layers before it did to the inputs.
   */
  readonly outputError?: number;
  /** With `refit`: what `outputError` was before it, and why the factor was kept where it was. */
  readonly refit?: { readonly outputError?: number; readonly kept?: string };
}

export interface FactorizeReport {
  readonly method: string;
  readonly layers: readonly LayerReport[];
  readonly warnings: readonly string[];
  /** Of the weights of all layers named in `layers`; ratio = before / after. */
  readonly bytes: { readonly before: number; readonly after: number; readonly ratio: number };
  /** Of the layers whose multiply-accumulates are known. */
  readonly macs: { readonly before: number; readonly after: number; readonly ratio: number };
  /** Samples used; 0 without data. */
  readonly samples: number;
}
