"""A sparse float32 matrix of N x K times a dense one of K x M, by what this Python has of SciPy and of PyTorch with MKL; prints microseconds as JSON.

python sparse_float.py M N K SPARSITY THREADS

Weights are CSR, zeros at random. Each is timed for half a second after a warm-up.
"""

import json
import os
import sys
import time

M, N, K = (int(text) for text in sys.argv[1:4])
SPARSITY, THREADS = float(sys.argv[4]), int(sys.argv[5])
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = str(THREADS)

import numpy as np

SECONDS = 0.5


def timed(run):
    for _ in range(3):
        run()
    times = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e6)
    return {"median": float(np.median(times)), "min": min(times), "n": len(times)}


random = np.random.default_rng(0)
weight = random.standard_normal((N, K), dtype=np.float32) * (random.random((N, K)) >= SPARSITY)
x = random.standard_normal((K, M), dtype=np.float32)
rows, columns = np.nonzero(weight)
starts = np.searchsorted(rows, np.arange(N + 1)).astype(np.int32)
found = {}
try:
    import scipy.sparse

    csr = scipy.sparse.csr_matrix(weight)
    found["SciPy " + scipy.__version__] = timed(lambda: csr @ x)
except ImportError:
    pass
try:
    import torch

    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    parts = (torch.from_numpy(starts), torch.from_numpy(columns.astype(np.int32)), torch.from_numpy(weight[rows, columns]))
    tensor, dense = torch.sparse_csr_tensor(*parts, size=(N, K)), torch.from_numpy(x)
    found["PyTorch " + torch.__version__ + " (MKL)"] = timed(lambda: tensor @ dense)
except ImportError:
    pass
print(json.dumps(found))
