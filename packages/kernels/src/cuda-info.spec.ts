import { cudaInfo } from './cuda-info.js';

test('cudaInfo says what GPU there is, or why none', () => {
  const { isAvailable, description } = cudaInfo();
  expect(description).toMatch(isAvailable ? /compute capability/ : /CUDA|driver/);
});
