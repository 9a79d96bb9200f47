import { bestTimes } from './ort-node-times.js';
import { sharesOf } from './profile-ort.js';

describe('sharesOf', () => {
  it("adds up each node's best time by operator", () => {
    const node = (name: string, op: string, dur: number) => ({
      ...{ cat: 'Node', name: `${name}_kernel_time`, dur },
      args: { op_name: op },
    });
    const times = bestTimes([
      { cat: 'Session', name: 'model_run', dur: 1000 },
      { cat: 'Node', name: 'a_fence_before', dur: 5, args: { op_name: 'Conv' } },
      node('a', 'Conv', 90),
      node('a', 'Conv', 30),
      node('b', 'Conv', 30),
      node('c', 'Add', 20),
    ]);
    expect(times.get('a')).toEqual({ op: 'Conv', us: 30 });
    expect(sharesOf(times.values())).toEqual({ Conv: 0.75, Add: 0.25 });
  });
});
