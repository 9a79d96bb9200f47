import { isaInfo, setThreads } from './isa-info.js';

describe('isaInfo and setThreads', () => {
  test('the selected instruction set is available, and scalar always is', () => {
    const { selected, available } = isaInfo();
    expect(available).toContain(selected);
    expect(available[0]).toBe('scalar');
  });

  test('setThreads is seen by isaInfo', () => {
    const { threads } = isaInfo();
    setThreads(3);
    expect(isaInfo().threads).toBe(3);
    setThreads(threads);
  });

  test.each([0, 1.5, NaN, 1025, '2'])('setThreads refuses %p', (threads) => {
    expect(() => setThreads(threads as number)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_(BAD_RANGE|WRONG_TYPE)$/) }),
    );
  });
});
