import type { Model, WeightView } from '@gossamer/graph';
import { factorsMatrix } from './factors-matrix.js';
import type { LeftLayer } from './layers/find-layers.js';
import { inner } from './measure/inner.js';
import type { FactorizeReport, LayerReport } from './report.js';
import { type LayerWork, macsWith } from './work.js';

/** Bytes and multiply-accumulates of some layers. */
interface Costs {
  readonly bytes: number;
  readonly macs: number;
}

/** What the report says, in the order of the graph as it was given. `costs`: of the layers that are left now. */
export function makeReport(
  model: Model,
  works: readonly LayerWork[],
  left: readonly LeftLayer[],
  macsOf: (id: string) => number | undefined,
) {
  const order = new Map<string, number>();
  for (const scope of model.graph.scopes()) for (const node of scope.nodes()) order.set(node.id, order.size);
  // Nodes change as they are written.
  const kinds = new Map<WeightView, string>();
  for (const { layer } of works) for (const view of layer.views) kinds.set(view, view.node.kind);
  const refused = leftReports(left, macsOf);
  return {
    costs: (): Costs => {
      const own = works.filter((work) => work.left !== undefined);
      return {
        bytes: sum([...refused.map(({ bytes }) => bytes.before), ...own.map(({ bytes }) => bytes)]),
        macs: sum([...refused.map(({ macs }) => macs?.before ?? 0), ...own.map(({ macs }) => macs ?? 0)]),
      };
    },
    finish: (method: string, warnings: readonly string[], samples: number): FactorizeReport => {
      const layers = [...refused, ...works.flatMap((work) => workReports(work, kinds, macsOf))];
      layers.sort((a, b) => order.get(a.name)! - order.get(b.name)!);
      const total = (key: 'bytes' | 'macs') => {
        const before = sum(layers.map((layer) => layer[key]?.before ?? 0));
        const after = sum(layers.map((layer) => layer[key]?.after ?? 0));
        return { before, after, ratio: after > 0 ? before / after : 1 };
      };
      return { method, layers, warnings, bytes: total('bytes'), macs: total('macs'), samples };
    },
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

function leftReports(left: readonly LeftLayer[], macsOf: (id: string) => number | undefined): LayerReport[] {
  const counted = new Set<unknown>();
  return left.map(({ view, reason }) => {
    const bytes = counted.has(view.source) ? 0 : view.stored.byteLength;
    counted.add(view.source);
    const macs = macsOf(view.layerId);
    return {
      ...{ name: view.layerId, op: view.node.kind, action: 'left', reason },
      bytes: { before: bytes, after: bytes },
      ...(macs === undefined ? {} : { macs: { before: macs, after: macs } }),
    };
  });
}

function workReports(
  work: LayerWork,
  kinds: ReadonlyMap<WeightView, string>,
  macsOf: (id: string) => number | undefined,
): LayerReport[] {
  const { layer, candidate, factors, problem, left, outputError, refit } = work;
  const isCut = left === undefined && factors !== undefined;
  const nodes = isCut ? `${factors.stages.length + 1} nodes${factors.sparse ? ' and a sparse product' : ''}` : '';
  return layer.views.map((view, i) => {
    const before = i === 0 ? work.bytes : 0;
    const after = isCut && i === 0 ? candidate!.bytes : before;
    const macs = macsOf(view.layerId);
    const macsAfter = isCut ? macsWith({ ...work, macs }, candidate!) : macs;
    const shared = i === 0 ? '' : `, factored once with ${layer.views[0].layerId}`;
    return {
      name: view.layerId,
      op: kinds.get(view)!,
      action: isCut ? 'factorized' : 'left',
      reason: isCut ? `written as ${nodes}${shared}` : left!,
      ...(isCut ? { ranks: candidate!.ranks, weightError: weightError(work, problem.weight) } : {}),
      bytes: { before, after },
      ...(macs === undefined || macsAfter === undefined ? {} : { macs: { before: macs, after: macsAfter } }),
      ...(isCut && outputError !== undefined ? { outputError } : {}),
      ...(isCut && refit ? { refit } : {}),
    };
  });
}

function weightError({ factors, problem }: LayerWork, weight: Float64Array): number {
  const change = factorsMatrix(factors!, problem).map((x, i) => weight[i]! - x);
  return Math.sqrt(inner(change, change) / inner(weight, weight));
}
