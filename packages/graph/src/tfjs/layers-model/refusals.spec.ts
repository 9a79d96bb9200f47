import { errorOf } from '../testing/error-of.js';
import { read } from '../testing/in-memory.js';

/** A Sequential of layers, each [class, config]. */
function codeOf(...layers: readonly (readonly [string, object])[]): string {
  const list = layers.map(([class_name, config], i) => ({
    class_name,
    config: { name: `layer_${i}`, ...(i === 0 ? { batch_input_shape: [null, 4, 4, 3] } : {}), ...config },
  }));
  return codeOfTopology({ class_name: 'Sequential', config: { name: 's', layers: list } });
}

function codeOfTopology(modelTopology: unknown): string {
  return errorOf(() => read({ json: { modelTopology, weightsManifest: [] }, weights: new Uint8Array(0) })).code;
}

describe('layers model: what is refused', () => {
  test('unknown layers, all by name', () => {
    const layers = ['ConvLSTM3D', 'Relu7', 'ConvLSTM3D'].map((class_name, i) => ({
      class_name,
      config: { name: `l${i}`, batch_input_shape: [null, 3] },
    }));
    const modelTopology = { class_name: 'Sequential', config: { layers } };
    const error = errorOf(() => read({ json: { modelTopology, weightsManifest: [] }, weights: new Uint8Array(0) }));
    expect(error.code).toBe('ERR_TFJS_UNSUPPORTED_LAYER');
    expect(error.message).toBe('layers: expected classes with a converter, received ConvLSTM3D (2), Relu7 (1)');
  });

  test('configurations that TF.js or ONNX cannot compute', () => {
    expect(codeOf(['Flatten', { data_format: 'channels_middle' }])).toBe('ERR_TFJS_NODE');
    // TF.js gives the one channels last and computes the other along the wrong axis.
    expect(codeOf(['Reshape', { target_shape: [16, 3] }], ['Conv1D', { data_format: 'channels_first' }])).toBe(
      'ERR_TFJS_NODE',
    );
    expect(codeOf(['BatchNormalization', { axis: 1 }])).toBe('ERR_TFJS_NODE');
    expect(codeOf(['MaxPooling2D', { pool_size: [2, 2], padding: 'causal' }])).toBe('ERR_TFJS_NODE');
    expect(codeOf(['MaxPooling2D', { pool_size: [0, 2] }])).toBe('ERR_TFJS_NODE');
    expect(codeOf(['MaxPooling2D', { pool_size: [1, 2, 3] }])).toBe('ERR_TFJS_NODE');
    expect(codeOf(['Activation', { activation: 'constructor' }])).toBe('ERR_TFJS_NODE');
    expect(codeOf(['ReLU', { negative_slope: 0.1 }])).toBe('ERR_TFJS_NODE');
    expect(codeOf(['Permute', { dims: [3, 3, 1] }])).toBe('ERR_TFJS_NODE');
  });

  test('a layer whose weights are missing', () => {
    expect(codeOf(['Dense', { units: 3 }])).toBe('ERR_TFJS_WEIGHTS');
  });

  test('topologies that are none', () => {
    expect(codeOfTopology({})).toBe('ERR_TFJS_MODEL');
    expect(codeOfTopology({ class_name: 'Sequential', config: { layers: [] } })).toBe('ERR_TFJS_MODEL');
    expect(codeOfTopology({ class_name: 'Dense', config: {} })).toBe('ERR_TFJS_MODEL');
    expect(codeOfTopology(null)).toBe('ERR_TFJS_MODEL');
  });

  test('a cycle of layers, and a reference to none', () => {
    const layer = (name: string, from: string) => ({
      class_name: 'Flatten',
      name,
      config: { name },
      inbound_nodes: [[[from, 0, 0, {}]]],
    });
    const functional = (...layers: object[]) => ({
      class_name: 'Model',
      config: {
        name: 'm',
        layers: [
          { class_name: 'InputLayer', name: 'x', config: { batch_input_shape: [null, 3] }, inbound_nodes: [] },
          ...layers,
        ],
        input_layers: [['x', 0, 0]],
        output_layers: [['a', 0, 0]],
      },
    });
    expect(codeOfTopology(functional(layer('a', 'b'), layer('b', 'a')))).toBe('ERR_TFJS_MODEL');
    expect(codeOfTopology(functional(layer('a', 'nowhere')))).toBe('ERR_TFJS_MODEL');
    expect(codeOfTopology(functional())).toBe('ERR_TFJS_MODEL');
  });

  test('networks nested without end', () => {
    let layer: object = { class_name: 'Flatten', config: { name: 'f', batch_input_shape: [null, 3] } };
    for (let i = 0; i < 100; i++) {
      layer = { class_name: 'Sequential', config: { name: `s${i}`, layers: [layer] } };
    }
    expect(codeOfTopology(layer)).toBe('ERR_TFJS_MODEL');
  });
});
