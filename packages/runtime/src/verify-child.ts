import { answer } from './verify/prove-model.js';
import type { VerifyRequest } from './verify/verification.js';

// The child process of verify(): one request in, one answer out.
process.once('message', (request: VerifyRequest) => {
  void answer(request).then((result) => process.send!(result, () => process.disconnect()));
});
// Also when the parent has gone.
process.once('disconnect', () => process.exit());
