import { isGossamerError } from '@gossamer/graph';
import type { CaseJob, CaseReply } from './cases/case-job.js';
import { runJob } from './cases/run-job.js';

// The child process of askChild(): measures one job, answers and ends.
process.once('message', (job: CaseJob) => {
  const reply = (message: CaseReply) => process.send!(message, undefined, undefined, () => process.exit(0));
  runJob(job).then(
    (answer) => reply({ answer }),
    (error: unknown) => {
      const code = isGossamerError(error) ? error.code : 'ERR_CASE';
      reply({ error: { code, message: error instanceof Error ? error.message : String(error) } });
    },
  );
});
// Without a parent there is nobody to measure for.
process.once('disconnect', () => process.exit(1));
