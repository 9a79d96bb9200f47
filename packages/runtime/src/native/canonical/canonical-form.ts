import { isGossamerError, type Model, type TypeTable } from '@gossamer/graph';
import { convertFloat32, inlineFunctions, runPasses, upgradeOpset } from '@gossamer/graph/passes';
import { registeredFunction } from '../functions/registered-functions.js';
import { denseConstants } from './dense-constants.js';
import { ENGINE_OPSET } from './engine-opset.js';
import { nameFunctions } from './name-functions.js';

/** Types that are widened to float32 before anything is compiled. */
const NARROW_FLOATS: ReadonlySet<string | undefined> = new Set(['float16', 'bfloat16']);

export interface CanonicalForm {
  readonly model: Model;
  readonly warnings: readonly string[];
  /** Types of the values of `model` as it is now. */
  readonly types: TypeTable;
}

/**
 * A clone of `model` in standard operators of one version, as ONNX Runtime could run it too: functions inlined (but registered ones whose
 * operator is among `operators`; those that cannot be get names that no operator has), sparse constants made dense, float16 widened (outputs are cast back), constants folded, normalizations
 * and activations recognised, affine operators merged into layers. A model that does not rise to the engine's operator set keeps its own,
 * with a warning: coverage then says which operators are lacking.
 */
export function canonicalForm(model: Model, operators: ReadonlySet<string> = new Set()): CanonicalForm {
  const warnings: string[] = [];
  let current = model;
  const attempt = (what: string, rewrite: (model: Model) => Model) => {
    try {
      current = rewrite(current);
    } catch (error) {
      if (!isGossamerError(error)) throw error;
      warnings.push(`${what}: not reached: ${error.message}`);
    }
  };
  if (current.opset < ENGINE_OPSET) attempt(`opset ${ENGINE_OPSET}`, (older) => upgradeOpset(older, ENGINE_OPSET));
  if (current.functions.length > 0) {
    current = inlineFunctions(current, (definition) => operators.has(registeredFunction(definition)?.operator ?? ''));
    nameFunctions(current);
  }
  current = denseConstants(current);
  if (holdsNarrowFloats(current)) attempt('float32', (narrow) => convertFloat32(narrow).model);
  const result = runPasses(current, 'default');
  warnings.push(...result.warnings);
  // Without the gates there is nothing to look for, nor a reason to copy and infer again.
  const hasGates = [...result.model.scopes()].some((graph) =>
    [...graph.nodes()].some(({ op }) => op === 'HardSigmoid'),
  );
  const { model: finished, types } = hasGates ? runPasses(result.model, ['fuse-hard-swish']) : result;
  nameNodes(finished);
  return { model: finished, warnings, types };
}

function holdsNarrowFloats(model: Model): boolean {
  for (const graph of model.scopes()) {
    for (const { type, initializer } of graph.values()) {
      if (NARROW_FLOATS.has(initializer?.dtype) || (type?.kind === 'tensor' && NARROW_FLOATS.has(type.dtype)))
        return true;
    }
  }
  return false;
}

/** Gives every node a name of its own, by which reports and partitions know it. */
function nameNodes(model: Model): void {
  const taken = new Set<string>();
  for (const node of model.graph.nodes()) {
    const base = node.name === '' ? (node.outputs.find((value) => value)?.name ?? node.op) : node.name;
    let name = base;
    for (let copy = 2; taken.has(name); copy++) name = `${base}_${copy}`;
    taken.add(name);
    if (name !== node.name) model.graph.retarget(node, { name });
  }
}
