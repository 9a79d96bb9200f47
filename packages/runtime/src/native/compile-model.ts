import { type DType, GossamerError, type Model, type TypeTable } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import { canonicalForm } from './canonical/canonical-form.js';
import { foldConstants } from './canonical/fold-constants.js';
import { fusedForms } from './canonical/fused-forms.js';
import { explicitForms } from './canonical/explicit-forms.js';
import { ranksFromWeights } from './canonical/ranks-from-weights.js';
import { type Capabilities, Compilation, type Requantization } from './compilation.js';
import { compileBodies } from './control-flow/compile-bodies.js';
import { callRegistered } from './functions/call-registered.js';
import { removeDead } from './edit/node-edits.js';
import { type LackingNode, lackingNodes } from './emit/coverage.js';
import { emitProgram, type EmittedProgram, type StatePositions } from './emit/emit-program.js';
import { absorbPermutation } from './fusion/absorb-permutation.js';
import { activations } from './fusion/activation-of.js';
import { fuseAttention } from './fusion/fuse-attention.js';
import { matmulTransposes } from './fusion/matmul-transposes.js';
import { fuseBatchNorm } from './fusion/fuse-batch-norm.js';
import { fuseEpilogue } from './fusion/fuse-epilogue.js';
import { fuseInt8Residual } from './fusion/fuse-int8-residual.js';
import { linearLayers } from './fusion/linear-layers.js';
import { runtimeLinear } from './fusion/runtime-linear.js';
import { blockProducts } from './integer/block-products.js';
import { expandQOperators } from './integer/expand-qoperators.js';
import { fuseDynamicLayers } from './integer/fuse-dynamic-layers.js';
import { fuseInt8Average } from './integer/fuse-int8-average.js';
import { fuseInt8Binary } from './integer/fuse-int8-binary.js';
import { fuseInt8Concat } from './integer/fuse-int8-concat.js';
import { fuseInt8Table } from './integer/fuse-int8-table.js';
import { fuseQdqLayers } from './integer/fuse-qdq-layers.js';
import { pushDequantize } from './integer/push-dequantize.js';
import { unsignedActivations } from './integer/unsigned-activations.js';
import { channelsLast } from './layout/channels-last.js';
import { trainMatrices } from './layout/train-rules.js';
import { transposesToViews } from './layout/transposes-to-views.js';
import type { ProgramTarget } from './program-builder.js';

export interface CompileOptions {
  readonly capabilities: Capabilities;
  /** Default 'float'. */
  readonly requantize?: Requantization | undefined;
}

/** A model as the engine would run it. */
export interface NativePlan {
  /** The rewritten graph, in operators of the standard and the engine's own. */
  readonly model: Model;
  /** Nodes the engine cannot run; none: it can run the model. */
  readonly lacking: readonly LackingNode[];
  readonly warnings: readonly string[];
  /** Element types of the outputs; undefined: not known. */
  readonly outputDtypes: readonly (DType | undefined)[];
  /** Makes the program; `state`: which input becomes what which output was. Throws ERR_ENGINE_COVERAGE where nodes are lacking; its cause is a LackingNodes. */
  emit(builder: ProgramTarget, state?: readonly StatePositions[]): EmittedProgram;
}

/** The nodes a model has and the engine has not. */
export class LackingNodes extends Error {
  override name = 'LackingNodes';
  constructor(readonly nodes: readonly LackingNode[]) {
    super(nodes.map(({ operator, node, reason }) => `${operator} ${node}: ${reason}`).join('\n'));
  }
}

/** Rewrites a clone of `model` for the native engine (docs/engine.md); nothing is packed yet. */
export function compileModel(model: Model, options: CompileOptions): NativePlan {
  const { model: canonical, warnings, types } = canonicalForm(model, options.capabilities.operators);
  return compileCanonical(canonical, options, warnings, types);
}

/** As `compileModel`, for a model in canonical form, which is rewritten in place; `types` of its values, where they are known. */
export function compileCanonical(
  canonical: Model,
  options: CompileOptions,
  warnings: readonly string[] = [],
  types?: TypeTable,
): NativePlan {
  const compilation = new Compilation(canonical, options.capabilities, types, options.requantize);
  ranksFromWeights(compilation);
  callRegistered(compilation);
  fusedForms(compilation);
  explicitForms(compilation);
  fuseIntegers(compilation);
  linearLayers(compilation);
  fuseAttention(compilation);
  matmulTransposes(compilation);
  trainMatrices(compilation);
  runtimeLinear(compilation);
  channelsLast(compilation);
  removeDead(compilation);
  fuseBatchNorm(compilation);
  fuseInt8Residual(compilation);
  fuseEpilogue(compilation);
  activations(compilation);
  transposesToViews(compilation);
  removeDead(compilation);
  absorbPermutation(compilation);
  removeDead(compilation);
  const bodies = compileBodies(compilation, (model) => compileCanonical(model, options));
  const lacking = lackingNodes(compilation, bodies);
  const emit: NativePlan['emit'] = (builder, state = []) => {
    if (lacking.length > 0) throw coverageError(lacking);
    return emitProgram(compilation, bodies, builder, state);
  };
  const outputDtypes = canonical.graph.outputs.map((value) => compilation.dtypeOf(value));
  return { model: canonical, lacking, warnings, outputDtypes, emit };
}

/** Quantized layers of every spelling become the engine's integer operators. */
function fuseIntegers(compilation: Compilation): void {
  expandQOperators(compilation);
  explicitForms(compilation);
  foldConstants(compilation, { dequantize: false });
  unsignedActivations(compilation);
  removeDead(compilation);
  pushDequantize(compilation);
  fuseQdqLayers(compilation);
  fuseInt8Table(compilation);
  fuseInt8Binary(compilation);
  fuseInt8Average(compilation);
  fuseInt8Concat(compilation);
  fuseDynamicLayers(compilation);
  blockProducts(compilation);
  removeDead(compilation);
  foldConstants(compilation, { dequantize: true });
}

/** The error that names the first node the engine lacks, counts the others, and has all of them as its cause. */
export function coverageError(lacking: readonly LackingNode[]): GossamerError<RuntimeErrorCode> {
  const { operator, node, reason } = lacking[0]!;
  const others = lacking.length > 1 ? `, and ${lacking.length - 1} others` : '';
  return new GossamerError(
    'ERR_ENGINE_COVERAGE',
    `model: expected operators of the native engine, received ${operator} (${node}: ${reason})${others}`,
    { cause: new LackingNodes(lacking) },
  );
}
