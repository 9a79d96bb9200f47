import type { Granularity } from '../choices.js';
import { matchesLayer, type Node } from '@gossamer/graph';
import { findAnyAlgorithm } from '../algorithms/registry.js';
import type { UnitAlgorithm, WeightAlgorithm } from '../algorithms/weight-algorithm.js';
import { badOption } from '../errors.js';
import type { QuantizeOptions } from '../options.js';
import { integer } from './integer.js';
import { findScheme } from './registry.js';
import type { Clip, Scheme, SchemeLayout } from './scheme.js';

/** What a weight becomes. */
export interface SchemeChoice {
  readonly scheme: Scheme;
  /** Undefined: the block size for operators that have kernels on blocks, else one scale a row. */
  readonly granularity: SchemeLayout['granularity'] | undefined;
  readonly blockSize: number;
}

/** Weights by scheme and algorithm, layer by layer. */
export interface SchemeOptions {
  readonly algorithm: WeightAlgorithm | UnitAlgorithm;
  readonly clip: Clip;
  /** Schemes in question, for the record: of most layers, of edges, of rules. */
  readonly names: readonly string[];
  /** What the layer becomes, undefined: float as it is; `isEdge`: an embedding, or a product that makes the model's outputs. */
  choose(node: Node, isEdge: boolean): SchemeChoice | undefined;
}

/** Types that the forms of weight-only mode without schemes know. */
const PLAIN: readonly string[] = ['int8', 'uint8', 'int4', 'uint4'];
const EDGE_BITS = 8;
/** What a rule gives to a layer that stays as it is. */
const FLOAT = 'float32';

/** Schemes where the options ask for more than plain codes rounded to nearest; undefined where they do not. Throws ERR_QUANTIZE_OPTION, ERR_CALIBRATION_DATA. */
export function schemeOptions(options: QuantizeOptions): SchemeOptions | undefined {
  const { weights, algorithm = 'nearest', layers = [], granularity, clip } = options;
  const isNearest = algorithm === 'nearest' && layers.length === 0 && clip !== 'octav';
  const isPlain = (weights === undefined || PLAIN.includes(weights)) && isNearest;
  // Plain codes come in blocks, int8 also with a scale a row.
  const isCoarse =
    granularity === 'perTensor' || (granularity === 'perAxis' && (weights ?? plainWeights(options)) !== 'int8');
  return isPlain && !isCoarse ? undefined : makeSchemes(options);
}

/** Schemes whatever the options ask for; throws as `schemeOptions` does. */
export function makeSchemes(options: QuantizeOptions): SchemeOptions {
  const { weights, algorithm: name = 'nearest', layers = [], granularity, blockSize = 32, edgeBits } = options;
  const algorithm = findAnyAlgorithm(name);
  if (algorithm.needs !== 'nothing' && !options.data) {
    badOption('data', `calibration data for algorithm ${name}`, undefined, 'ERR_CALIBRATION_DATA');
  }
  const common = choiceOf({ weights: weights ?? plainWeights(options), granularity, blockSize });
  const rules = layers.map(({ match, ...rule }) => ({
    match,
    choice:
      rule.weights === FLOAT ? undefined : choiceOf({ granularity, blockSize, weights: common.scheme.name, ...rule }),
  }));
  const edge = edgeChoice(common, edgeBits);
  return {
    algorithm,
    clip: options.clip ?? false,
    names: [common, edge, ...rules.map(({ choice }) => choice)].map((choice) => choice?.scheme.name ?? FLOAT),
    choose(node, isEdge) {
      const rule = rules.find(({ match }) => matchesLayer(match, node));
      return rule ? rule.choice : isEdge ? edge : common;
    },
  };
}

/** As weight-only mode without schemes has it: 4 bits are asymmetric unless told otherwise, 8 bits symmetric. */
function plainWeights({ bits = 8, mapping = bits === 4 ? 'asymmetric' : 'symmetric' }: QuantizeOptions): string {
  return `${mapping === 'asymmetric' ? 'u' : ''}int${bits}`;
}

function choiceOf(rule: { weights: string; granularity?: Granularity | undefined; blockSize: number }): SchemeChoice {
  const { weights, granularity, blockSize } = rule;
  if (!(Number.isInteger(blockSize) && blockSize > 0)) badOption('blockSize', 'an integer > 0', blockSize);
  const sizes = { perTensor: 'tensor', perAxis: 'row', perBlock: blockSize } as const;
  return { scheme: findScheme(weights), granularity: granularity && sizes[granularity], blockSize };
}

/** Embeddings and outputs hurt most and are few: 8 bits, unless told otherwise. */
function edgeChoice(common: SchemeChoice, bits: number = EDGE_BITS): SchemeChoice {
  if (!(Number.isInteger(bits) && bits >= 2 && bits <= 8)) badOption('edgeBits', 'an integer in 2..8', bits);
  return common.scheme.bits >= bits ? common : { ...common, scheme: integer(bits, true) };
}
