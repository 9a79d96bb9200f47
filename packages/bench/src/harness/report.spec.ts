import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from './environment.js';
import { toMarkdown, writeReport } from './report.js';

describe('report', () => {
  const findings = {
    suite: 'example',
    summary: 'What was measured.',
    command: 'npm run example',
    seconds: 1.4,
    environment: environment(),
    tables: [{ title: 'Sizes', columns: ['model', 'bytes'], rows: [['a|b', '12']] }],
    claims: [
      { claim: 'smaller', measured: '4x', holds: true },
      { claim: 'faster', measured: '0.9x', holds: false },
      { claim: 'peer', measured: 'no Python', holds: undefined },
    ],
    data: { figure: 12 },
  };

  it('says machine, claims and tables in Markdown', () => {
    const markdown = toMarkdown(findings);
    expect(markdown).toContain('| a\\|b  | 12    |');
    expect(markdown).toContain('| smaller | 4x        | holds             |');
    expect(markdown).toContain('**does not hold**');
    expect(markdown).toContain('not measured');
    expect(markdown).toContain('```sh\nnpm run example\n```');
    expect(markdown).toContain(`onnxruntime-node 1.30`);
  });

  it('writes a page and the figures', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gossamer-report-'));
    try {
      writeReport({ ...findings, markdown: '# example\n' }, join(folder, 'new'));
      expect(existsSync(join(folder, 'new', 'example.md'))).toBe(true);
      const stored = JSON.parse(readFileSync(join(folder, 'new', 'example.json'), 'utf8')) as Record<string, unknown>;
      expect(stored).toMatchObject({ schemaVersion: 1, suite: 'example', data: { figure: 12 } });
      expect(stored).not.toHaveProperty('markdown');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
