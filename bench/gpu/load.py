"""A CUDA load whose busy time is measured by CUDA events: bursts of matrix products with pauses between them.

Prints a line of JSON per burst: its start and end by the system's clock in microseconds, and the milliseconds that the
events count between its first and last kernel. `python3 load.py SECONDS BUSY_MS IDLE_MS`
"""

import json
import sys
import time

import torch

seconds, busy_ms, idle_ms = (float(text) for text in sys.argv[1:4])
a = torch.randn(4096, 4096, device="cuda", dtype=torch.float16)
b = torch.randn(4096, 4096, device="cuda", dtype=torch.float16)
c = torch.empty_like(a)
for _ in range(20):
    torch.matmul(a, b, out=c)
torch.cuda.synchronize()
began = time.perf_counter()
for _ in range(50):
    torch.matmul(a, b, out=c)
torch.cuda.synchronize()
products = max(1, int(busy_ms / ((time.perf_counter() - began) / 50 * 1000)))

print(json.dumps({"device": torch.cuda.get_device_name(), "products": products}), flush=True)
first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
end = time.time() + seconds
while time.time() < end:
    start_us = time.time_ns() // 1000
    first.record()
    for _ in range(products):
        torch.matmul(a, b, out=c)
    last.record()
    torch.cuda.synchronize()
    burst = {"start_us": start_us, "end_us": time.time_ns() // 1000, "busy_ms": first.elapsed_time(last)}
    print(json.dumps(burst), flush=True)
    time.sleep(idle_ms / 1000)
