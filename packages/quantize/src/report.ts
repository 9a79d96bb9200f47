import type { Node } from '@gossamer/graph';
import type { MethodNote } from './equalize/equalize.js';
import type { EqualizeNote } from './equalize/note.js';

/**
 * 'quantized': computed in integers (or by a kernel on codes). 'weight-only': codes in the file, computed in float.
 * 'left-float': untouched.
 */
export type LayerAction = 'quantized' | 'weight-only' | 'left-float';

/** What was done to one layer, and why. */
export interface LayerReport {
  /** Layer id: scope path and node name. */
  readonly name: string;
  readonly op: string;
  readonly action: LayerAction;
  /** Why; the same words for every layer with the same fate, so that reports can group by it. */
  readonly reason: string;
  /** Ids of the nodes behind the layer that its kernel computes along: bias Add, Relu, Clip. */
  readonly merged?: readonly string[];
  /** Bytes of the layer's constant data in the file. */
  readonly bytes: { readonly before: number; readonly after: number };
}

export interface QuantizeReport {
  readonly mode: string;
  readonly layers: readonly LayerReport[];
  readonly warnings: readonly string[];
  /** What `equalize` did, or why it did nothing, layer by layer; missing without it. */
  readonly equalized?: readonly MethodNote[];
  /** What `biasCorrection` did, or why it did nothing, layer by layer; missing without it. */
  readonly biases?: readonly EqualizeNote[];
  /** Bytes of all constant tensors of the model. ratio = before / after. */
  readonly bytes: { readonly before: number; readonly after: number; readonly ratio: number };
  /** Calibration samples used; 0 without calibration. */
  readonly samples: number;
}

/** Collects layers in the order of the graph; a later entry for a layer replaces an earlier one. */
export class ReportBuilder {
  readonly #layers = new Map<string, LayerReport>();
  readonly warnings: string[] = [];

  layer(node: Node | { id: string; kind: string }, entry: Omit<LayerReport, 'name' | 'op'>): void {
    this.#layers.set(node.id, { name: node.id, op: node.kind, ...entry });
  }

  leftFloat(node: Node | { id: string; kind: string }, reason: string, bytes = 0): void {
    this.layer(node, { action: 'left-float', reason, bytes: { before: bytes, after: bytes } });
  }

  get layers(): LayerReport[] {
    return [...this.#layers.values()];
  }
}
