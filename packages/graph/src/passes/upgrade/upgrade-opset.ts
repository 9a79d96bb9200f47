import { GossamerError } from '../../errors.js';
import type { TypeTable } from '../../inference/type-table.js';
import type { Graph } from '../../ir/graph.js';
import type { Model } from '../../ir/model.js';
import type { Node } from '../../ir/node.js';
import { computedTypes } from '../computed-types.js';
import { inputsWithData, takeOffInputs } from '../clean/inputs-to-initializers.js';
import { isParametric } from '../determinism.js';
import { PassScope } from '../pass-scope.js';
import { type Adapter, UpgradeStep } from './adapter.js';
import { changesOf } from './registry.js';

/** Versions between which models are upgraded. */
const OLDEST = 7;
const NEWEST = 28;

/**
 * A clone of `model` at version `target` of the standard operator set, with bitwise the same outputs; the input does not change. Subgraphs
 * and function bodies rise with it, other domains stay; the IR version is raised to the one that came with the opset (weights that a
 * version below 4 had to list as inputs are taken off the list, with a warning).
 *
 * Throws ERR_OPSET_UPGRADE for a target below the model's version or above 28, a model below 7, and for the first node whose meaning
 * cannot be kept, by name.
 */
export function upgradeOpset(model: Model, target: number): Model {
  const upgraded = model.clone();
  const oldest = Math.min(...versionsOf(upgraded), target);
  if (target < model.opset) {
    throw refusal(`opset: expected ${model.opset} or newer (a model is raised, never lowered), received ${target}`);
  }
  if (!(Number.isInteger(target) && target <= NEWEST)) {
    throw refusal(`opset: expected an integer in [${model.opset}, ${NEWEST}], received ${target}`);
  }
  if (oldest < OLDEST && oldest < target) throw refusal(`model: expected opset ${OLDEST} or newer, received ${oldest}`);
  raiseIrVersion(upgraded, target);
  for (let version = oldest + 1; version <= target; version++) raise(upgraded, version);
  return upgraded;
}

const refusal = (message: string) => new GossamerError('ERR_OPSET_UPGRADE', message);

/** Versions of the standard set that the model and its functions import. */
function versionsOf(model: Model): number[] {
  const all = [model.opsets, ...model.functions.map((definition) => definition.opsets)];
  return all.map((opsets) => opsets.get('')).filter((version) => version !== undefined);
}

/** Raises every scope that stands just below `version`. */
function raise(model: Model, version: number): void {
  const isBelow = (opsets: ReadonlyMap<string, number>) => opsets.get('') === version - 1;
  const canHold = model.irVersion >= 4;
  const scopes: PassScope[] = [];
  const collect = (root: Graph, opsets: ReadonlyMap<string, number>, isFunction: boolean) => {
    for (const graph of root.scopes())
      scopes.push(new PassScope(graph, opsets, canHold && !(isFunction && graph === root)));
  };
  if (isBelow(model.opsets)) collect(model.graph, model.opsets, false);
  for (const { body, opsets } of model.functions) if (isBelow(opsets)) collect(body, opsets, true);
  adaptScopes(model, version, scopes);
  if (isBelow(model.opsets)) model.opsets.set('', version);
  model.functions.forEach((definition, index) => {
    if (!isBelow(definition.opsets)) return;
    model.functions[index] = { ...definition, opsets: new Map(definition.opsets).set('', version) };
  });
}

function adaptScopes(model: Model, version: number, scopes: readonly PassScope[]): void {
  const work = scopes.flatMap((scope) =>
    [...scope.graph.nodes()].flatMap((node) => {
      const adapter = adapterFor(node, version, model);
      return adapter ? [{ node, scope, adapter }] : [];
    }),
  );
  if (work.length === 0) return;
  // Inferred once, before the first edit: while nodes of two versions stand side by side nothing can be inferred.
  const types: TypeTable = computedTypes(model);
  for (const { node, scope, adapter } of work) adapter.adapt(node, new UpgradeStep(node, version, scope, types));
}

function adapterFor(node: Node, version: number, model: Model): Adapter | undefined {
  if (node.domain !== '' || model.function('', node.op, node.overload)) return undefined;
  const changes = changesOf(node.op);
  const name = `node ${node.id} (${node.kind})`;
  if (!changes) throw refusal(`${name}: expected an operator of opset 7 to ${NEWEST}, received ${node.op}`);
  const change = changes.get(version);
  if (change === undefined || change === 'unchanged') return undefined;
  if (isParametric(node)) {
    throw refusal(`${name}: expected attributes known where it stands, received some of the function's caller`);
  }
  return change;
}

/** The IR version released with each opset. Source: ONNX, docs/Versioning.md and its helper's VERSION_TABLE. */
const IR_VERSIONS: readonly (readonly [opset: number, irVersion: number])[] = [
  [9, 4],
  [10, 5],
  [11, 6],
  [12, 7],
  [15, 8],
  [19, 9],
  [21, 10],
  [23, 11],
  [24, 12],
  [25, 13],
  [28, 14],
];

function raiseIrVersion(model: Model, target: number): void {
  for (const [opset, irVersion] of IR_VERSIONS) {
    if (opset > target || irVersion <= model.irVersion) continue;
    const listed = model.irVersion < 4 ? inputsWithData(model) : [];
    if (listed.length > 0) {
      // From IR version 4 on they would be defaults that a caller may replace, and no longer constant.
      takeOffInputs(model, listed);
      model.warnings.push(
        `${listed.length} initializers were inputs too, as IR version ${model.irVersion} demands: now they are constant`,
      );
    }
    model.irVersion = irVersion;
  }
}
