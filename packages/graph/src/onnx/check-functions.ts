import { GossamerError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { FunctionDefinition } from '../ir/model.js';
import type { Node } from '../ir/node.js';

interface ExpansionLimits {
  readonly maxExpandedNodes: number;
  readonly maxFunctionDepth: number;
}

/** What one call of a function comes to. */
interface Expansion {
  /** Nodes, with all calls below replaced by bodies. */
  readonly nodes: number;
  /** Calls inside one another, this one included. */
  readonly depth: number;
}

/**
 * Refuses functions that no tool could expand: whatever analyses or runs a model may replace calls by bodies after this.
 *
 * Each function is counted once, however often it is called. Throws ERR_DUPLICATE_NAME (two of one domain, name and overload),
 * ERR_FUNCTION_RECURSION, ERR_FUNCTION_DEPTH or ERR_EXPANSION_BUDGET.
 */
export function checkFunctions(graph: Graph, functions: readonly FunctionDefinition[], limits: ExpansionLimits): void {
  if (functions.length === 0) return;
  const check = new FunctionCheck(functions, limits);
  for (const definition of functions) check.expansionOf(definition);
  check.scope(graph);
}

class FunctionCheck {
  readonly #byKey = new Map<string, FunctionDefinition>();
  readonly #done = new Map<FunctionDefinition, Expansion>();
  readonly #open = new Set<FunctionDefinition>();

  constructor(
    functions: readonly FunctionDefinition[],
    private readonly limits: ExpansionLimits,
  ) {
    for (const definition of functions) {
      const key = keyOf(definition.domain, definition.name, definition.overload);
      if (this.#byKey.has(key)) {
        throw new GossamerError('ERR_DUPLICATE_NAME', `${label(definition)}: expected one definition, received two`);
      }
      this.#byKey.set(key, definition);
    }
  }

  expansionOf(definition: FunctionDefinition): Expansion {
    const known = this.#done.get(definition);
    if (known) return known;
    if (this.#open.has(definition)) {
      throw new GossamerError(
        'ERR_FUNCTION_RECURSION',
        `${label(definition)}: expected no call of itself, received one`,
      );
    }
    this.#open.add(definition);
    // Before the descent, which a chain of calls would drive as deep as it is long.
    this.#checkDepth(this.#open.size);
    const below = this.scope(definition.body);
    this.#open.delete(definition);
    const expansion = { nodes: below.nodes, depth: below.depth + 1 };
    this.#checkDepth(expansion.depth);
    this.#done.set(definition, expansion);
    return expansion;
  }

  scope(graph: Graph): Expansion {
    let [nodes, depth] = [0, 0];
    const add = (part: Expansion) => {
      nodes += part.nodes;
      depth = Math.max(depth, part.depth);
      if (nodes <= this.limits.maxExpandedNodes) return;
      const limit = `at most ${this.limits.maxExpandedNodes} nodes with every call expanded`;
      throw new GossamerError('ERR_EXPANSION_BUDGET', `functions: expected ${limit}, received more`);
    };
    for (const node of graph.nodes()) {
      const called = this.#called(node);
      add(called ? this.expansionOf(called) : { nodes: 1, depth: 0 });
      for (const subgraph of node.subgraphs()) add(this.scope(subgraph));
    }
    return { nodes, depth };
  }

  #called(node: Node): FunctionDefinition | undefined {
    return this.#byKey.get(keyOf(node.domain, node.op, node.overload));
  }

  #checkDepth(depth: number): void {
    const { maxFunctionDepth } = this.limits;
    if (depth <= maxFunctionDepth) return;
    throw new GossamerError(
      'ERR_FUNCTION_DEPTH',
      `functions: expected at most ${maxFunctionDepth} calls inside one another, received more`,
    );
  }
}

const keyOf = (domain: string, name: string, overload: string): string => JSON.stringify([domain, name, overload]);

const label = ({ domain, name }: FunctionDefinition): string => `function ${JSON.stringify(`${domain}:${name}`)}`;
