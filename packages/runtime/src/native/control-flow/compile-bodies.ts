import { bodyModel, capturesOf, type DType, type Model, type Node, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import type { LackingNode } from '../emit/coverage.js';
import type { NativePlan } from '../compile-model.js';

/** A node of control flow with its bodies compiled. */
export interface CompiledBodies {
  readonly plans: readonly NativePlan[];
  /** What the bodies read of outer scopes and is not constant; each takes all of it, after its own inputs. */
  readonly captures: readonly Value[];
  /** Element types of the node's outputs. */
  readonly outputs: readonly (DType | undefined)[];
  /** Why the engine cannot run it; undefined: it can. */
  readonly reason: string | undefined;
}

/** Operators of control flow that the engine has, and how many outputs of a body come before those of the node. */
const LEADING_OUTPUTS: Readonly<Record<string, number>> = { If: 0, Loop: 1 };

/** Compiles the bodies of every node of control flow in the main graph. `compile` rewrites the model it is given. */
export function compileBodies(
  compilation: Compilation,
  compile: (model: Model) => NativePlan,
): ReadonlyMap<Node, CompiledBodies> {
  const found = new Map<Node, CompiledBodies>();
  for (const node of compilation.graph.nodes()) {
    if (node.subgraphs().length === 0) continue;
    found.set(node, compileNode(node, compilation, compile));
  }
  return found;
}

function compileNode(node: Node, compilation: Compilation, compile: (model: Model) => NativePlan): CompiledBodies {
  const leading = Object.hasOwn(LEADING_OUTPUTS, node.kind) ? LEADING_OUTPUTS[node.kind] : undefined;
  if (leading === undefined || !compilation.has(node.op))
    return { plans: [], captures: [], outputs: [], reason: 'no such control flow in the engine' };
  const bodies = bodiesOf(node);
  const captures = [...new Set(bodies.flatMap(capturesOf))].filter((value) => !value.constant);
  const typeOf = (value: Value) => compilation.typeOf(value);
  const plans = bodies.map((body) => compile(bodyModel(compilation.model, body, captures, typeOf)));
  const outputs = node.outputs.map((_, slot) => plans[0]!.outputDtypes[slot + leading]);
  return { plans, captures, outputs, reason: reasonAgainst(node, captures, plans, outputs, compilation) };
}

/** The branches of an If as the engine wants them, then before else, whatever the order of the attributes. */
function bodiesOf(node: Node) {
  const bodies = node.subgraphs();
  if (node.op !== 'If') return bodies;
  return ['then_branch', 'else_branch'].map((name) => bodies.find((body) => body.owner?.attribute === name)!);
}

function reasonAgainst(
  node: Node,
  captures: readonly Value[],
  plans: readonly NativePlan[],
  outputs: readonly (DType | undefined)[],
  compilation: Compilation,
): string | undefined {
  const lack: LackingNode | undefined = plans.flatMap(({ lacking }) => lacking)[0];
  if (lack) return `its body has ${lack.operator} (${lack.node}: ${lack.reason})`;
  const unknown = [...node.inputs, ...captures].find((value) => value && !compilation.dtypeOf(value));
  if (unknown) return `${unknown.name}: an element type that is not known`;
  if (outputs.includes(undefined)) return 'outputs of element types that are not known';
  const differing = plans.some(({ outputDtypes }) =>
    outputDtypes.some((dtype, i) => dtype !== plans[0]!.outputDtypes[i]),
  );
  return differing ? 'branches of different element types' : undefined;
}
