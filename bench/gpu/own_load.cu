// A CUDA load inside the process that is watched, so that the driver counts it as this process's own: a thread that keeps
// the GPU busy in bursts and writes a line of JSON per burst, as load.py does. `nvcc -shared -Xcompiler -fPIC`
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cuda_runtime.h>
#include <thread>

static std::atomic<bool> running{false};
static std::thread worker;

__global__ void spin(uint64_t ns) {
  uint64_t begin, now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(begin));
  do asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  while (now - begin < ns);
}

static long long unix_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

static void work(int busy_ms, int idle_ms, FILE *file) {
  cudaEvent_t first, last;
  cudaEventCreate(&first);
  cudaEventCreate(&last);
  while (running) {
    const long long start = unix_us();
    cudaEventRecord(first);
    // Short kernels one after the other, so that another process gets its turns.
    for (int ms = 0; ms < busy_ms; ms++) spin<<<1, 32>>>(1000000);
    cudaEventRecord(last);
    const cudaError_t failed = cudaEventSynchronize(last);
    const long long end = unix_us();
    float busy = 0;
    cudaEventElapsedTime(&busy, first, last);
    if (failed != cudaSuccess) fprintf(file, "{\"error\":\"%s\"}\n", cudaGetErrorString(failed));
    else fprintf(file, "{\"start_us\":%lld,\"end_us\":%lld,\"busy_ms\":%.4f}\n", start, end, busy);
    fflush(file);
    std::this_thread::sleep_for(std::chrono::milliseconds(idle_ms));
  }
  fclose(file);
}

/** Starts the bursts; their lines go into the file `path`. 0, or a CUDA error. */
extern "C" int load_start(int busy_ms, int idle_ms, const char *path) {
  const cudaError_t code = cudaFree(nullptr); // makes the context
  if (code != cudaSuccess) return code;
  FILE *file = fopen(path, "w");
  if (file == nullptr) return -1;
  running = true;
  worker = std::thread(work, busy_ms, idle_ms, file);
  return 0;
}

/** Ends them, and waits for the last. */
extern "C" int load_stop(void) {
  running = false;
  worker.join();
  return 0;
}
