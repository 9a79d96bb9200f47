import { Tensor, type Model, type Node, type WeightView } from '@gossamer/graph';
import type { Feeds } from '../session/feeds.js';
import { Session } from '../session/session.js';
import { float32View } from '../session/tensor-view.js';
import type { RowReader } from './row-reader.js';
import type { LayerInputs, LayerStep } from './layer-step.js';

const RECURRENT: ReadonlySet<string> = new Set(['LSTM', 'GRU', 'RNN']);

/** Input slots of a recurrent layer, by the standard. */
const LENGTHS = 4;
const INITIAL = 5;

/** The vectors that R of a recurrent layer multiplies, as a tensor [directions, vectors, hidden]. */
export function hiddenReader({ shape }: WeightView, name: string): RowReader {
  const [groups, columns] = [shape[0]!, shape[2]!];
  return {
    inputIndex: 0,
    groups,
    matrices: groups,
    columns,
    key: name,
    *read({ dims, data }) {
      const size = dims[1]! * columns;
      for (let group = 0; group < groups; group++) {
        yield { group, rows: dims[1]!, data: data.subarray(group * size, (group + 1) * size) };
      }
    },
  };
}

/**
 * The states that a recurrent layer starts each of its time steps with: those it gave one step before, or the initial ones. The layer runs on a
 * session of its own, with the weights of one stream as they are when this is opened.
 */
export class HiddenStates {
  private constructor(
    private readonly session: Session,
    private readonly output: string,
    private readonly step: LayerStep,
    private readonly node: Node,
    private readonly stream: 'quantized' | 'float',
  ) {}

  /** False where R multiplies something else as well (a GRU that resets before it multiplies), and where lengths or initial states are computed inside a block. */
  static isKnown(step: LayerStep, node: Node): boolean {
    if (!RECURRENT.has(node.op) || node.domain !== '') return false;
    const isGiven = (slot: number) => {
      const value = node.input(slot);
      return !value || value.constant !== undefined || step.inputName(node, slot) !== undefined;
    };
    const multipliesState = node.op !== 'GRU' || node.int('linear_before_reset', 0) !== 0;
    return multipliesState && isGiven(LENGTHS) && isGiven(INITIAL);
  }

  static async open(step: LayerStep, node: Node, stream: 'quantized' | 'float'): Promise<HiddenStates> {
    const model = step.model(stream);
    const place = step.nodes.filter(({ op }) => RECURRENT.has(op)).indexOf(node);
    const output = exposeStates(model, [...model.graph.nodes()].filter(({ op }) => RECURRENT.has(op))[place]!);
    return new HiddenStates(await Session.open(model, { state: [] }), output, step, node, stream);
  }

  /** The states of one run, in the order of time, then of sequences: [directions, vectors, hidden]. */
  async of(inputs: LayerInputs): Promise<Tensor> {
    const feeds = inputs[this.stream]!;
    const given = (await this.session.run(feeds, { outputs: [this.output] }))[this.output]!;
    const isBatchFirst = this.node.int('layout', 0) !== 0;
    const { dims } = given;
    const [time, directions, batch] = isBatchFirst ? [dims[1]!, dims[2]!, dims[0]!] : [dims[0]!, dims[1]!, dims[2]!];
    const hidden = dims[3]!;
    const lengths = this.#slot(feeds, LENGTHS)?.toIntegers();
    const initial = this.#slot(feeds, INITIAL);
    const from = float32View(given);
    const start = initial ? float32View(initial) : new Float32Array(directions * batch * hidden);
    const kept = meantSequences(batch, inputs);
    const vectors: Float32Array[] = [];
    for (let direction = 0; direction < directions; direction++) {
      const isReverse = this.node.string('direction', 'forward') === 'reverse' || direction === 1;
      for (let t = 0; t < time; t++) {
        for (let sequence = 0; sequence < kept; sequence++) {
          const length = lengths?.[sequence] ?? time;
          if (t >= length) continue;
          const before = isReverse ? t + 1 : t - 1;
          const isFirst = before < 0 || before >= length;
          const at = isBatchFirst
            ? (sequence * (isFirst ? 1 : time) + (isFirst ? 0 : before)) * directions + direction
            : ((isFirst ? 0 : before) * directions + direction) * batch + sequence;
          vectors.push((isFirst ? start : from).subarray(at * hidden, (at + 1) * hidden));
        }
      }
    }
    const data = new Float32Array(vectors.length * hidden);
    vectors.forEach((vector, i) => data.set(vector, i * hidden));
    return Tensor.of('float32', [directions, vectors.length / directions, hidden], data);
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }

  #slot(feeds: Feeds, slot: number): Tensor | undefined {
    const name = this.step.inputName(this.node, slot);
    return name === undefined ? this.node.input(slot)?.constant : feeds[name];
  }
}

/** Makes all states an output of the model; returns its name. */
function exposeStates({ graph }: Model, node: Node): string {
  if (!node.outputs[0]) graph.setOutput(node, 0, graph.declare(graph.uniqueName('states')));
  const { output } = node;
  if (!output.isOutput) graph.addOutput(output);
  return output.name;
}

/** Sequences of a batch that do not only fill it up. */
function meantSequences(batch: number, { count, rows }: LayerInputs): number {
  return rows !== undefined && batch % rows === 0 ? (batch / rows) * count : batch;
}
