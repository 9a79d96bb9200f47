import { nodeTestCases } from './node-tests.js';

describe('nodeTestCases', () => {
  it('reads every case with its model and tensors in order', () => {
    const cases = nodeTestCases();
    expect(cases).toHaveLength(915);
    for (const { name, model, dataSets } of cases) {
      expect(name).toMatch(/^test_/);
      expect(model.byteLength).toBeGreaterThan(0);
      for (const { inputs, outputs } of dataSets) {
        for (const tensor of [...inputs, ...outputs]) expect(tensor).toBeInstanceOf(Uint8Array);
      }
    }
  });
});
