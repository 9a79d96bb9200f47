import { runMeasured } from './run-measured.js';

describe('runMeasured', () => {
  const node = (script: string) => runMeasured(process.execPath, ['-e', script]);

  it('sees memory, time and output of the child', async () => {
    // 96 MB are written to and then dropped; the loop runs for 0.3 s of processor time.
    const script = `let b = Buffer.alloc(96 * 2 ** 20, 1); b = undefined;
      const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end); console.log('done')`;
    const [idle, busy] = [await node('setTimeout(() => {}, 50)'), await node(script)];
    expect(busy.stdout).toBe('done\n');
    expect(busy.wallSeconds).toBeGreaterThan(0.3);
    if (process.platform !== 'linux') return;
    expect(busy.peakRssMb! - idle.peakRssMb!).toBeGreaterThan(80);
    expect(busy.cpuSeconds!).toBeGreaterThan(0.25);
  });

  it('rejects with the end of stderr when the child fails', async () => {
    await expect(node('console.error("out of luck"); process.exit(3)')).rejects.toThrow(/received 3: out of luck/);
    await expect(runMeasured('/nowhere/nothing', [])).rejects.toMatchObject({ code: 'ERR_CHILD_FAILED' });
  });
});
