import type { Compilation } from '../compilation.js';

/** Where the rank of what a convolution reads is not known, its weight says it. */
export function ranksFromWeights(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    const [x, w] = [node.input(0), node.input(1)];
    if (node.domain !== '' || !['Conv', 'ConvTranspose'].includes(node.op) || !x || compilation.shapeOf(x)) continue;
    const rank = compilation.rankOf(w);
    if (rank === undefined) continue;
    const unknown = Array.from({ length: rank }, () => undefined);
    compilation.setType(x, compilation.dtypeOf(x), unknown);
  }
}
