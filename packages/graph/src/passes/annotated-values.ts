import { ENTRY, GRAPH, MODEL } from '../onnx/fields.js';
import { TensorAnnotation } from '../wire/onnx-schema.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';

/**
 * Values that parts of the file refer to by name which the graph carries without modelling them: quantization annotations name scales
 * and zero points, training graphs read and update the initializers of the main graph.
 */
export function annotatedValues(model: Model): (value: Value) => boolean {
  if (model.origin?.has(MODEL.training_info)) return (value) => value.graph === model.graph;
  const names = new Set<string>();
  for (const { origin } of model.scopes()) {
    // A function body's origin is a FunctionProto, which has no such field.
    if (origin?.schema.name !== 'GraphProto') continue;
    for (const annotation of origin.messages(GRAPH.quantization_annotation)) {
      for (const entry of annotation.messages(TensorAnnotation.no.quant_parameter_tensor_names)) {
        names.add(entry.string(ENTRY.value) ?? '');
      }
    }
  }
  return (value) => names.has(value.name);
}
