import { GossamerError } from '../errors.js';
import { FileSource } from '../wire/file-source.js';
import { ModelProto } from '../wire/onnx-schema.js';
import { openWire, type WireMessage } from '../wire/wire-message.js';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE } from './fields.js';

/**
 * How often each operator (`domain::op`, the bare op in the standard domain) stands in a file, over all scopes and function bodies. Looks at
 * nothing but nodes, so it also counts what breaks rules elsewhere: graphs that an engine saves for people to look at may define a name
 * twice. Throws ERR_NOT_ONNX and what a broken message throws.
 */
export function countOperators(path: string): Map<string, number> {
  const source = new FileSource(path);
  try {
    const model = openWire(source, ModelProto);
    const graph = model.message(MODEL.graph);
    if (!graph) throw new GossamerError('ERR_NOT_ONNX', `${path}: expected an ONNX ModelProto, received no graph`);
    const counts = new Map<string, number>();
    countNodes(graph.messages(GRAPH.node), counts);
    for (const definition of model.messages(MODEL.functions)) countNodes(definition.messages(FUNCTION.node), counts);
    return counts;
  } finally {
    source.close();
  }
}

function countNodes(nodes: readonly WireMessage[], counts: Map<string, number>): void {
  for (const node of nodes) {
    const domain = node.string(NODE.domain) ?? '';
    const op = node.string(NODE.op_type) ?? '';
    const kind = domain === '' || domain === 'ai.onnx' ? op : `${domain}::${op}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    for (const attribute of node.messages(NODE.attribute)) {
      const single = attribute.message(ATTRIBUTE.g);
      for (const graph of single ? [single] : attribute.messages(ATTRIBUTE.graphs)) {
        countNodes(graph.messages(GRAPH.node), counts);
      }
    }
  }
}
