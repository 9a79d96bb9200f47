import { GossamerError } from '../errors.js';
import type { ExternalTrust } from '../wire/external-path.js';
import type { WireLimits } from '../wire/limits.js';
import type { NumberList } from '../wire/number-list.js';
import { VARINT_BYTES } from '../wire/varint.js';

/** Bounds on what a file may make this process do. */
export interface ReadLimits extends WireLimits {
  /** Nodes, attributes, inputs, outputs, initializers and value infos of all scopes; default no bound, 50,000 when untrusted. */
  readonly maxParts: number;
  /** Attributes of one node; default 1024. */
  readonly maxAttributes: number;
  /** Inputs of one node, and outputs; default 16,384. */
  readonly maxSlots: number;
  /** Nodes of the model with every function call replaced by its body; default 10,000,000. */
  readonly maxExpandedNodes: number;
  /** Function calls inside one another; default 64. */
  readonly maxFunctionDepth: number;
}

const DEFAULTS = {
  maxParts: Infinity,
  maxAttributes: 1024,
  maxSlots: 16_384,
  maxExpandedNodes: 10_000_000,
  maxFunctionDepth: 64,
};

/** What a file from outside may cost at most: seconds and a few hundred MB, however it is made. */
const UNTRUSTED = { maxFields: 1_000_000, maxParts: 50_000 };

/** The limits given, completed by the defaults for this trust (those of the wire layer are completed there). */
export function readLimits(
  limits: Partial<ReadLimits>,
  trust: ExternalTrust,
): Partial<WireLimits> & Omit<ReadLimits, keyof WireLimits> {
  return { ...DEFAULTS, ...(trust === 'untrusted' ? UNTRUSTED : {}), ...limits };
}

/** Dimensions of one tensor: far more than any runtime takes, few enough to name in a message. */
const MAX_RANK = 1024;

/** Throws ERR_TENSOR_SHAPE for a shape of too many dimensions, before they are read. */
export function checkRank(rank: number, what: string): void {
  if (rank <= MAX_RANK) return;
  throw new GossamerError('ERR_TENSOR_SHAPE', `${what}: expected at most ${MAX_RANK} dimensions, received more`);
}

/** As `checkRank`, for dims as they are encoded: 10 bytes each at most, so that longer lists need no counting. */
export function checkDims(dims: NumberList, what: string): void {
  checkRank(dims.byteLength > MAX_RANK * VARINT_BYTES ? Infinity : dims.count, what);
}

/** How many parts a model may still have. */
export class PartBudget {
  #left: number;

  constructor(private readonly limit: number) {
    this.#left = limit;
  }

  /** Counts parts before they are made. Throws ERR_GRAPH_BUDGET. */
  count(parts: number): void {
    this.#left -= parts;
    if (this.#left >= 0) return;
    const limit = `at most ${this.limit} nodes, attributes and values`;
    throw new GossamerError('ERR_GRAPH_BUDGET', `model: expected ${limit}, received more`);
  }
}
