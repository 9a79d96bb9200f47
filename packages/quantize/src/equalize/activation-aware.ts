import { inferTypes, type Model, type WeightView } from '@gossamer/graph';
import { type InputMoments, inputMoments, layerwise } from '@gossamer/runtime';
import { removeDeadCode } from '../remove-dead-code.js';
import type { RoundWeight } from '../grid/round-weight.js';
import { type AwqScales, awqScales, type ScaledMatrix } from './awq-scales.js';
import { findInputGroups, type InputGroup, insertScale, layersOf } from './input-groups.js';
import { limitedData, type ObserveOptions, runOptions } from './input-statistics.js';
import { layerMatrix } from './layer-matrix.js';
import type { EqualizeNote, EqualizeResult } from './note.js';
import { ScaleEditor } from './scale-editor.js';

export interface ActivationAwareOptions extends ObserveOptions {
  /** The quantizer that will be used for a weight; undefined: it stays in float. */
  readonly round: (view: WeightView) => RoundWeight | undefined;
  /** Put a Mul in front of layers whose input cannot be scaled where it is made. Default false. */
  readonly insert?: boolean;
}

/**
 * AWQ on a model: for each group of layers that share an input the scale that `awqScales` finds is divided out of what makes the input
 * and multiplied into the weights. The function stays but for rounding; what changes is how well `round` does afterwards. Inputs are those of the float
 * model, which runs once, layer by layer; memory holds the moments of a layer.
 */
export async function activationAware(model: Model, options: ActivationAwareOptions): Promise<EqualizeResult> {
  const { round, insert = false, signal } = options;
  const copy = model.clone();
  const { groups, notes } = findInputGroups(copy);
  const report: EqualizeNote[] = [...notes];
  const refusals = new Map(groups.map((group) => [group, refuse(group, round, insert)]));
  const search = new ScaleSearch(
    groups.filter((group) => refusals.get(group) === undefined),
    round,
  );
  const walk = await layerwise(copy, search.nodes, limitedData(options), runOptions(options));
  for await (const step of walk) {
    const views = step.views.filter((view) => search.asks(view));
    for (const [view, moments] of await inputMoments(step, views)) await search.add(view, moments, signal);
  }
  const types = inferTypes(copy);
  const editor = new ScaleEditor();
  for (const group of groups) {
    const found = search.found.get(group);
    const where = group.fold ? `into ${group.fold.node.id}` : 'by a Mul in front';
    const text =
      !found || found.exponent === 0
        ? (refusals.get(group) ?? (found ? 'no scale beats rounding' : 'its inputs are not known'))
        : `exponent ${found.exponent}, divided ${where}, output error ${(found.error / found.errorUnscaled).toPrecision(3)} of rounding's`;
    const done = found !== undefined && found.exponent > 0;
    report.push(...layersOf(group).map((layer) => ({ layer, done, text })));
    if (done) editor.apply(group.fold ?? insertScale(group, types.shapeOf(group.input)!.length), found.scale);
  }
  editor.commit();
  removeDeadCode(copy);
  return { model: copy, report };
}

function refuse(group: InputGroup, round: ActivationAwareOptions['round'], insert: boolean): string | undefined {
  if (group.channels === 1) return 'its input has one channel';
  if (!group.fold && !insert) return 'its input has other readers';
  return group.readers.some(({ view }) => round(view)) ? undefined : 'its weight stays in float';
}

/** Takes moments view by view; a group is searched when those of all its layers are there. */
class ScaleSearch {
  readonly found = new Map<InputGroup, AwqScales>();
  readonly #pending = new Map<InputGroup, Map<WeightView['node'], InputMoments | undefined>>();
  readonly #groupOf = new Map<WeightView['node'], InputGroup>();

  constructor(
    groups: readonly InputGroup[],
    private readonly round: ActivationAwareOptions['round'],
  ) {
    for (const group of groups) {
      this.#pending.set(group, new Map());
      for (const { view } of group.readers) this.#groupOf.set(view.node, group);
    }
  }

  get nodes(): Iterable<WeightView['node']> {
    return this.#groupOf.keys();
  }

  asks(view: WeightView): boolean {
    return view.role === 'weight' && this.#groupOf.has(view.node);
  }

  async add(view: WeightView, moments: InputMoments | undefined, signal: AbortSignal | undefined): Promise<void> {
    const group = this.#groupOf.get(view.node)!;
    const pending = this.#pending.get(group)!;
    pending.set(view.node, moments);
    if (pending.size < new Set(group.readers.map((reader) => reader.view.node)).size) return;
    this.#pending.delete(group);
    if ([...pending.values()].some((known) => known === undefined)) return;
    const { matrices, meanAbs } = this.#problem(group, (node) => pending.get(node)!);
    this.found.set(group, await awqScales(matrices, meanAbs, signal));
  }

  #problem({ readers, channels }: InputGroup, momentsOf: (node: WeightView['node']) => InputMoments) {
    const [meanAbs, counts] = [new Float64Array(channels), new Float64Array(channels)];
    const matrices: ScaledMatrix[] = [];
    for (const { view, channelOf } of readers) {
      const moments = momentsOf(view.node);
      const { groups, rows, columns, data, columnChannel } = layerMatrix(view);
      const round = this.round(view);
      for (let g = 0; g < groups; g++) {
        const places = Int32Array.from({ length: columns }, (_, column) => channelOf[columnChannel(g, column)]!);
        places.forEach((channel, column) => {
          meanAbs[channel]! += moments.meanAbs[g]![column]!;
          counts[channel]! += 1;
        });
        const own = data.subarray(g * rows * columns, (g + 1) * rows * columns);
        if (round) matrices.push({ rows, data: own, second: moments.second[g]!, channelOf: places, round });
      }
    }
    return { matrices, meanAbs: meanAbs.map((sum, channel) => sum / Math.max(1, counts[channel]!)) };
  }
}
