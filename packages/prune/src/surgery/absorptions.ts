import type { Node, Value } from '@gossamer/graph';
import type { Leftovers } from './leftovers.js';

/** Numbers to add to the outputs of a node, for what masked inputs still give it. */
export interface Absorption {
  readonly node: Node;
  /** The weight whose output axis the numbers lie along. */
  readonly weight: Value;
  readonly outAxis: number;
  /** Of the output before masked inputs go; by output feature. */
  readonly delta: Float64Array;
}

/** What follows from the numbers that masked units hold where they are read. */
export interface Absorbed {
  readonly absorptions: readonly Absorption[];
  /** Units whose removal would not be the same as masking, and why. */
  readonly problems: ReadonlyMap<number, string>;
}

/** How a node reads features: the input, the weight's axes, and whether each output has all of them. */
interface Reading {
  readonly data: Value;
  readonly dataAxis: number;
  readonly weight: Value;
  readonly inAxis: number;
  readonly outAxis: number;
  /** Why a number other than 0 cannot be moved into the bias. */
  readonly obstacle?: string | undefined;
  readonly scale?: number;
}

/** Finds, for every node that sums over removed features, the constants they leave behind. */
export function absorb(leftovers: Leftovers): Absorbed {
  const absorptions: Absorption[] = [];
  const problems = new Map<number, string>();
  const nodes = [...leftovers.model.graph.scopes()].flatMap((scope) => [...scope.nodes()]);
  for (const node of nodes) {
    for (const reading of readingsOf(node, leftovers)) {
      const delta = deltaOf(node, reading, leftovers, problems);
      if (delta?.some((x) => x !== 0))
        absorptions.push({ node, weight: reading.weight, outAxis: reading.outAxis, delta });
    }
    if (RECURRENT.has(node.kind)) checkStates(node, leftovers, problems);
  }
  return { absorptions, problems };
}

const RECURRENT: ReadonlySet<string> = new Set(['RNN', 'GRU', 'LSTM']);

function readingsOf(node: Node, leftovers: Leftovers): Reading[] {
  const [x, weight] = node.inputs;
  const rank = (value: Value) => leftovers.types.shapeOf(value)?.length ?? 0;
  if (!x || !weight) return [];
  switch (node.kind) {
    case 'Conv':
      return [{ data: x, dataAxis: 1, weight, inAxis: 1, outAxis: 0, obstacle: padding(node) }];
    case 'ConvTranspose':
      return node.int('group', 1) === 1
        ? [{ data: x, dataAxis: 1, weight, inAxis: 0, outAxis: 1, obstacle: 'edges of a ConvTranspose' }]
        : [];
    case 'Gemm': {
      const transB = node.int('transB', 0);
      const obstacle = node.float('beta', 1) === 1 ? undefined : 'a scaled bias';
      const scale = node.float('alpha', 1);
      return [
        {
          data: x,
          dataAxis: node.int('transA', 0) === 1 ? 0 : 1,
          weight,
          inAxis: transB,
          outAxis: 1 - transB,
          scale,
          obstacle,
        },
      ];
    }
    case 'MatMul': {
      const right = { data: x, dataAxis: rank(x) - 1, weight, inAxis: rank(weight) - 2, outAxis: rank(weight) - 1 };
      return [{ ...right, obstacle: rank(weight) === 2 ? undefined : 'a batch of weights' }];
    }
    case 'RNN':
    case 'GRU':
    case 'LSTM':
      return [{ data: x, dataAxis: 2, weight, inAxis: 2, outAxis: 1, obstacle: 'a recurrent layer' }];
    default:
      return [];
  }
}

/** Zero padding makes the sum differ at the borders. */
function padding(node: Node): string | undefined {
  const isPadded =
    (node.ints('pads', undefined) ?? []).some((p) => p !== 0) || /^SAME/.test(node.string('auto_pad', 'NOTSET'));
  return isPadded ? 'zero padding' : undefined;
}

function deltaOf(
  node: Node,
  reading: Reading,
  leftovers: Leftovers,
  problems: Map<number, string>,
): Float64Array | undefined {
  const { removal } = leftovers;
  const { data, dataAxis, weight, inAxis, outAxis, obstacle, scale = 1 } = reading;
  const owners = removal.owners(weight, inAxis);
  if (!owners) return undefined;
  const numbers = new Float64Array(owners.length);
  for (const unit of removal.unitsOf(weight, inAxis)) {
    const number = leftovers.on(data, dataAxis, unit);
    if (number === 0 || leftovers.on(weight, inAxis, unit) === 0) continue;
    const barrier = obstacle ?? (weight.constant ? undefined : 'a computed weight');
    if (Number.isNaN(number)) {
      problems.set(unit, `${node.id} (${node.kind}): what is left of ${data.name} is no constant`);
    } else if (barrier) {
      problems.set(
        unit,
        `${node.id} (${node.kind}): ${data.name} leaves ${number}, and ${barrier} keeps it out of the bias`,
      );
    } else {
      owners.forEach((owner, i) => {
        if (owner === unit) numbers[i] = number * scale;
      });
    }
  }
  return weight.constant && numbers.some((x) => x !== 0) ? sumOver(weight, inAxis, outAxis, numbers) : undefined;
}

/** For each output the sum over inputs of all weights between them, times the input's number. */
function sumOver(weight: Value, inAxis: number, outAxis: number, numbers: Float64Array): Float64Array {
  const { dims } = weight.constant!;
  const data = weight.constant!.toFloat64();
  const stride = (axis: number) => dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const [inner, outer] = [stride(inAxis), stride(outAxis)];
  const sum = new Float64Array(dims[outAxis]!);
  data.forEach((w, i) => {
    sum[Math.floor(i / outer) % dims[outAxis]!]! += w * numbers[Math.floor(i / inner) % dims[inAxis]!]!;
  });
  return sum;
}

/** A hidden unit feeds all others through R: it must stay at 0. */
function checkStates(node: Node, leftovers: Leftovers, problems: Map<number, string>): void {
  const r = node.input(2)!;
  for (const unit of leftovers.removal.unitsOf(r, 2)) {
    const isQuiet = node.outputs.every((y) => !y || leftovers.at(y, unit) === 0);
    if (!isQuiet && leftovers.on(r, 2, unit) !== 0) {
      problems.set(unit, `${node.id} (${node.kind}): a masked hidden unit does not stay at 0`);
    }
  }
}
