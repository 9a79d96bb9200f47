import { type Model, type Node, subModel, type Tensor, type TypeTable, type Value } from '@gossamer/graph';
import { PassContext } from '@gossamer/graph/passes';
import { type Feeds, type Requantization, Session } from '@gossamer/runtime';

/** How far the codes of one operator are from another engine's, for the same codes as inputs. */
export interface CodeDifferences {
  readonly node: string;
  readonly op: string;
  /** counts[d]: codes that are d apart. */
  readonly counts: readonly number[];
}

/**
 * Runs a model of integer operators in ONNX Runtime, and each of them alone in the native engine on the codes that ONNX Runtime gave it
 * (teacher-forced: differences do not add up from layer to layer). Counts the differences of all codes. Nodes that read or make other
 * than codes are left out.
 */
export async function codeDifferences(
  model: Model,
  batches: AsyncIterable<Feeds> | Iterable<Feeds>,
  { requantize, threads = 1 }: { requantize: Requantization; threads?: number },
): Promise<CodeDifferences[]> {
  const watched = model.clone();
  const { types } = new PassContext(watched);
  const layers = [...watched.graph.nodes()].filter(({ outputs: made }) =>
    made.every((value) => value && isCodes(value, types)),
  );
  const computing = layers.filter((node) => node.op !== 'QuantizeLinear' && operandsOf(node).length > 0);
  for (const value of new Set(computing.flatMap((node) => [...operandsOf(node), node.output]))) {
    if (!value.isOutput && !value.isInput) watched.graph.addOutput(value);
  }
  const reference = await Session.open(watched, { engine: 'ort', threads });
  const counts = computing.map(() => new Array<number>(256).fill(0));
  const alone: Session[] = [];
  for (const node of computing) {
    const single = subModel(watched, new Set([node]), [node.output], (value) => types.typeOf(value));
    alone.push(await Session.open(single, { engine: 'native', requantize, threads }));
  }
  for await (const feeds of batches) {
    const codes: Record<string, Tensor> = { ...feeds, ...(await reference.run(feeds)) };
    for (const [i, node] of computing.entries()) {
      const inputs = Object.fromEntries(operandsOf(node).map(({ name }) => [name, codes[name]!]));
      const got = (await alone[i]!.run(inputs))[node.output.name]!.toIntegers();
      const want = codes[node.output.name]!.toIntegers();
      got.forEach((code, at) => counts[i]![Math.abs(code - want[at]!)]!++);
    }
  }
  for (const session of [reference, ...alone]) await session.dispose();
  return computing.map((node, i) => ({ node: node.id, op: node.kind, counts: trimmed(counts[i]!) }));
}

const isCodes = (value: Value, types: TypeTable): boolean => {
  const dtype = types.dtypeOf(value);
  return dtype === 'uint8' || dtype === 'int8';
};

/** Activations: what is no constant. */
const operandsOf = (node: Node): Value[] => [
  ...new Set(node.inputs.filter((value): value is Value => value !== undefined && value.constant === undefined)),
];

function trimmed(counts: readonly number[]): number[] {
  const last = counts.findLastIndex((count) => count > 0);
  return counts.slice(0, Math.max(last, 0) + 1);
}

/** All codes, those that are equal, and the largest difference. */
export function summarize(differences: readonly CodeDifferences[]): { codes: number; exact: number; largest: number } {
  const all = differences.flatMap(({ counts }) => counts);
  return {
    codes: all.reduce((a, b) => a + b, 0),
    exact: differences.reduce((sum, { counts }) => sum + (counts[0] ?? 0), 0),
    largest: Math.max(0, ...differences.map(({ counts }) => counts.length - 1)),
  };
}
