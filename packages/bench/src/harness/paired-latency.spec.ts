import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { repositoryFolder } from '../package-folder.js';
import { pairedLatency } from './paired-latency.js';

const model = (name: string) => join(repositoryFolder(), 'fixtures', 'models', `${name}.onnx`);
const feeds = { input: Tensor.of('float32', [1, 1, 28, 28], new Float32Array(784)) };

describe('pairedLatency', () => {
  it('sees that ResNet-20 takes longer than LeNet-300-100', async () => {
    // 41 million MACs against 0.27 million: the order is beyond doubt, whatever else the machine does.
    const found = await pairedLatency(model('resnet20-mnist'), model('lenet-300-100'), feeds, {
      pairs: 6,
      generations: 2,
    });
    expect(found.pairs).toBe(6);
    expect(found.cpu.ratio).toBeGreaterThan(2);
    expect(found.a.median).toBeGreaterThan(found.b.median);
    expect(found.low).toBeLessThanOrEqual(found.ratio);
    expect(found.high).toBeGreaterThanOrEqual(found.ratio);
  });

  it('rejects with what ONNX Runtime said', async () => {
    const broken = pairedLatency(model('lenet-5'), model('lenet-5'), { nothing: feeds.input }, { pairs: 2 });
    await expect(broken).rejects.toThrow(/latency child: expected a run, received/);
    await expect(pairedLatency('missing.onnx', model('lenet-5'), feeds)).rejects.toMatchObject({
      code: 'ERR_CHILD_FAILED',
    });
  });
});
