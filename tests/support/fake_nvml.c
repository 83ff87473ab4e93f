/*
 * A libnvidia-ml that knows the truth, for tests: a GPU whose busy moments, clock, samples and failures are scripted.
 *
 * It is as nasty as real ones were seen to be: handles are checked, samples come unsorted and repeated with garbage among
 * them, the unused half of a value is filled with 0xEE, sizes must be right, and anything can fail, be slow or hang.
 * Time stands still unless the test moves it, and clock_gettime() of this library tells it.
 *
 * Struct layouts are declared here a second time, from the header's description: the asserts below are what
 * ffi/nvml.ts relies on.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef union { double d; uint32_t ui; unsigned long ul; unsigned long long ull; long long sll; int si; uint16_t us; } value_t;
typedef struct { unsigned long long timeStamp; value_t sampleValue; } sample_t;
typedef struct { uint32_t gpu, memory; } utilization_t;
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { uint32_t version; unsigned long long total, reserved, free, used; } memory_v2_t;
typedef struct { uint32_t pid; unsigned long long usedGpuMemory; uint32_t gpuInstanceId, computeInstanceId; } process_t;
typedef struct { uint32_t pid; unsigned long long usedGpuMemory; uint32_t gpuInstanceId, computeInstanceId; unsigned long long usedGpuCcProtectedMemory; } process_535_t;
typedef struct { uint32_t pid; unsigned long long timeStamp; uint32_t smUtil, memUtil, encUtil, decUtil; } process_sample_t;
typedef struct { uint32_t pid, isRunning, gpuUtilization, memoryUtilization; unsigned long long maxMemoryUsage; uint32_t sampleCount; unsigned long long sumGpuUtil, sumFbUtil, time, startTime; } accounting_v2_t;
typedef struct { uint32_t metricId; int nvmlReturn; double value; const char *shortName, *longName, *unit; } gpm_metric_t;
typedef struct { uint32_t version, numMetrics; void *sample1, *sample2; gpm_metric_t metrics[333]; } gpm_metrics_t;
typedef struct { uint32_t version, isSupportedDevice; } gpm_support_t;

_Static_assert(sizeof(value_t) == 8, "nvmlValue_t");
_Static_assert(sizeof(sample_t) == 16 && offsetof(sample_t, sampleValue) == 8, "nvmlSample_t");
_Static_assert(sizeof(utilization_t) == 8 && offsetof(utilization_t, memory) == 4, "nvmlUtilization_t");
_Static_assert(sizeof(memory_t) == 24 && offsetof(memory_t, used) == 16, "nvmlMemory_t");
_Static_assert(sizeof(memory_v2_t) == 40 && offsetof(memory_v2_t, total) == 8 && offsetof(memory_v2_t, used) == 32, "nvmlMemory_v2_t");
_Static_assert(sizeof(process_t) == 24 && offsetof(process_t, usedGpuMemory) == 8 && offsetof(process_t, gpuInstanceId) == 16, "nvmlProcessInfo_t");
_Static_assert(sizeof(process_535_t) == 32 && offsetof(process_535_t, usedGpuCcProtectedMemory) == 24, "nvmlProcessInfo_t of early R535");
_Static_assert(sizeof(process_sample_t) == 32 && offsetof(process_sample_t, timeStamp) == 8 && offsetof(process_sample_t, smUtil) == 16, "nvmlProcessUtilizationSample_t");
_Static_assert(sizeof(accounting_v2_t) == 64 && offsetof(accounting_v2_t, sampleCount) == 24 && offsetof(accounting_v2_t, sumGpuUtil) == 32, "nvmlAccountingStats_v2_t");
_Static_assert(sizeof(gpm_metric_t) == 40 && offsetof(gpm_metric_t, nvmlReturn) == 4 && offsetof(gpm_metric_t, value) == 8, "nvmlGpmMetric_t");
_Static_assert(sizeof(gpm_metrics_t) == 13344 && offsetof(gpm_metrics_t, sample1) == 8 && offsetof(gpm_metrics_t, metrics) == 24, "nvmlGpmMetricsGet_t");
_Static_assert(sizeof(gpm_support_t) == 8, "nvmlGpmSupport_t");

/* In the order of NVML_SYMBOLS in ffi/nvml.ts, by which the tests number them. */
enum {
  INIT, DRIVER, COUNT, HANDLE, NAME, UUID, MIG, SAMPLES, RATES, SHARES, PROCESSES, MEMORY, MEMORY_V2, ENERGY, ACCOUNTING_MODE,
  ACCOUNTING, GPM_SUPPORT, GPM_ALLOC, GPM_SAMPLE, GPM_MIG_SAMPLE, GPM_METRICS, FUNCTIONS
};

/* What fake_set() sets; the tests have the same numbers. */
enum {
  NOW_NS, DEVICES, OFFSET_NS, DRIFT_PPM, PERIOD_NS, BUSY_NS, IDLE_NS, NASTY, GAP, MIG_MODE, STRIDE, DRIVER_MAJOR, USED_BYTES,
  ACCOUNTED, GPM_SUPPORTED, ROUNDED, PATTERN_UNTIL_NS, VALUE_TYPE, SETTINGS
};

#define MOST 8
#define RING 72
#define MOST_PROCESSES 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t set[SETTINGS];
static uint32_t calls[FUNCTIONS];
static int codes[FUNCTIONS], codes_left[FUNCTIONS];
static uint32_t delays_ms[FUNCTIONS];
static uint32_t pids[MOST_PROCESSES], shares_percent[MOST_PROCESSES];
static int process_count, initialized;
static struct { uint64_t at_ns; int used; } gpm[16];
/* Handles are addresses in here: far above 2^32, as real ones are. */
static char handles[MOST];

void fake_reset(void) {
  pthread_mutex_lock(&lock);
  memset(set, 0, sizeof set); memset(calls, 0, sizeof calls); memset(codes, 0, sizeof codes);
  memset(codes_left, 0, sizeof codes_left); memset(delays_ms, 0, sizeof delays_ms); memset(gpm, 0, sizeof gpm);
  process_count = initialized = 0;
  set[NOW_NS] = 1000000000000LL; set[DEVICES] = 1; set[OFFSET_NS] = 1700000000000000000LL; set[PERIOD_NS] = 167100000;
  set[BUSY_NS] = 50000000; set[IDLE_NS] = 80000000; set[STRIDE] = 24; set[DRIVER_MAJOR] = 580; set[USED_BYTES] = 1 << 30;
  set[VALUE_TYPE] = 1;
  pthread_mutex_unlock(&lock);
}
void fake_set(uint32_t key, int64_t value) { __atomic_store_n(&set[key], value, __ATOMIC_SEQ_CST); }
void fake_fail(uint32_t function, int32_t code, int32_t times) { pthread_mutex_lock(&lock); codes[function] = code; codes_left[function] = times; pthread_mutex_unlock(&lock); }
void fake_delay(uint32_t function, uint32_t ms) { __atomic_store_n(&delays_ms[function], ms, __ATOMIC_SEQ_CST); }
uint32_t fake_calls(uint32_t function) { return __atomic_load_n(&calls[function], __ATOMIC_SEQ_CST); }
void fake_process(uint32_t pid, uint32_t percent) { pthread_mutex_lock(&lock); pids[process_count] = pid; shares_percent[process_count++] = percent; pthread_mutex_unlock(&lock); }
void fake_no_processes(void) { pthread_mutex_lock(&lock); process_count = 0; pthread_mutex_unlock(&lock); }

int clock_gettime(clockid_t id, struct timespec *out) {
  (void)id;
  int64_t now = __atomic_load_n(&set[NOW_NS], __ATOMIC_SEQ_CST);
  out->tv_sec = now / 1000000000; out->tv_nsec = now % 1000000000;
  return 0;
}

/* Bursts: the i-th begins at i * (BUSY + IDLE), and lasts from half to one and a half times BUSY, as i decides. */
static uint64_t burst_ns(uint64_t i) {
  uint64_t x = i * 0x9E3779B97F4A7C15ull; x ^= x >> 29; x *= 0xBF58476D1CE4E5B9ull; x ^= x >> 32;
  return set[BUSY_NS] / 2 + (uint64_t)set[BUSY_NS] * (x % 1000) / 1000;
}
/* Busy nanoseconds in the first `ns` of a period. */
static uint64_t in_period(uint64_t i, uint64_t ns) { uint64_t burst = burst_ns(i); return ns < burst ? ns : burst; }
/* The truth: how long the GPU was busy from one moment to another. */
uint64_t fake_busy_ns(uint64_t from, uint64_t to) {
  uint64_t until = set[PATTERN_UNTIL_NS] > 0 ? (uint64_t)set[PATTERN_UNTIL_NS] : UINT64_MAX;
  if (from > until) from = until;
  if (to > until) to = until;
  uint64_t period = set[BUSY_NS] + set[IDLE_NS], sum = 0;
  if (period == 0 || set[BUSY_NS] == 0) return 0;
  if (set[IDLE_NS] == 0) return to - from;
  for (uint64_t i = from / period; i * period < to; i++) {
    uint64_t start = i * period, a = from > start ? from - start : 0, b = to - start < period ? to - start : period;
    sum += in_period(i, b) - in_period(i, a);
  }
  return sum;
}

/* Counts the call, waits, and tells a scripted code; 0 to go on. */
static int enter(int function) {
  pthread_mutex_lock(&lock);
  calls[function]++;
  int code = 0;
  if (codes_left[function] != 0) { code = codes[function]; if (codes_left[function] > 0) codes_left[function]--; }
  uint32_t ms = delays_ms[function];
  if (function != INIT && !initialized && code == 0) code = 1;
  pthread_mutex_unlock(&lock);
  for (uint32_t i = 0; i < ms && __atomic_load_n(&delays_ms[function], __ATOMIC_SEQ_CST) > 0; i++) usleep(1000);
  return code;
}
static int index_of(uint64_t device) {
  for (int i = 0; i < set[DEVICES] && i < MOST; i++) if (device == (uint64_t)(uintptr_t)&handles[i]) return i;
  return -1;
}
#define ENTER(f) do { int code = enter(f); if (code) return code; } while (0)
#define DEVICE(d) do { if (index_of(d) < 0) return 2; } while (0)

int nvmlInit_v2(void) { ENTER(INIT); initialized = 1; return 0; }
int nvmlSystemGetDriverVersion(char *out, uint32_t length) {
  ENTER(DRIVER);
  if (length < 80) return 7;
  out[0] = '0' + set[DRIVER_MAJOR] / 100; out[1] = '0' + set[DRIVER_MAJOR] / 10 % 10; out[2] = '0' + set[DRIVER_MAJOR] % 10;
  memcpy(out + 3, ".12.34", 7);
  return 0;
}
int nvmlDeviceGetCount_v2(uint32_t *out) { ENTER(COUNT); *out = set[DEVICES]; return 0; }
int nvmlDeviceGetHandleByIndex_v2(uint32_t index, uint64_t *out) {
  ENTER(HANDLE);
  if (index >= set[DEVICES]) return 2;
  *out = (uint64_t)(uintptr_t)&handles[index];
  return 0;
}
int nvmlDeviceGetName(uint64_t device, char *out, uint32_t length) { ENTER(NAME); DEVICE(device); if (length < 96) return 7; memcpy(out, "Fake GPU \n\x1b[31m0", 16); out[14] = '0' + index_of(device); out[15] = 0; return 0; }
int nvmlDeviceGetUUID(uint64_t device, char *out, uint32_t length) { ENTER(UUID); DEVICE(device); if (length < 96) return 7; memcpy(out, "GPU-fake", 9); return 0; }
int nvmlDeviceGetMigMode(uint64_t device, uint32_t *current, uint32_t *pending) { ENTER(MIG); DEVICE(device); if (set[MIG_MODE] < 0) return 3; *current = *pending = set[MIG_MODE]; return 0; }

static uint64_t driver_us(uint64_t ns) { return (uint64_t)((double)ns * set[DRIFT_PPM] / 1e6 + (double)(set[OFFSET_NS] / 1000) * 1000 + ns) / 1000; }
static void put_value(value_t *value, uint32_t percent) {
  memset(value, 0xEE, sizeof *value);
  if (set[VALUE_TYPE] == 0) value->d = percent; else if (set[VALUE_TYPE] == 1) value->ui = percent; else if (set[VALUE_TYPE] == 6) value->us = percent;
  else if (set[VALUE_TYPE] == 5) value->si = percent; else value->ull = percent;
}
int nvmlDeviceGetSamples(uint64_t device, uint32_t type, uint64_t after, uint32_t *value_type, uint32_t *count, sample_t *out) {
  ENTER(SAMPLES); DEVICE(device);
  if (set[MIG_MODE] == 1) return 3;
  if (type != 1 || (out != NULL && *count == 0)) return 2;
  if (set[GAP]) return 6;
  uint64_t now = set[NOW_NS], period = set[PERIOD_NS], newest = now / period, oldest = newest >= RING ? newest - RING + 1 : 1;
  uint32_t found = 0, room = *count;
  for (uint64_t k = newest; k >= oldest; k--) { /* newest first: no order is promised */
    uint64_t stamp = driver_us(k * period);
    if (stamp <= after) continue;
    double percent = 100.0 * fake_busy_ns((k - 1) * period, k * period) / period;
    if (out != NULL) {
      if (found >= room) return 7;
      out[found].timeStamp = stamp;
      put_value(&out[found].sampleValue, (uint32_t)(set[ROUNDED] ? percent + 0.5 : percent));
    }
    found++;
  }
  if (set[NASTY] && out != NULL && found > 0 && found + 3 <= room) {
    out[found] = out[0]; found++;                                                  /* repeated */
    out[found].timeStamp = 0; put_value(&out[found].sampleValue, 50); found++;     /* without a time */
    out[found].timeStamp = driver_us(now) + 500000; put_value(&out[found].sampleValue, 3000); found++; /* beyond 100 % */
  }
  *value_type = set[VALUE_TYPE]; *count = found;
  return found == 0 ? 6 : 0;
}
int nvmlDeviceGetUtilizationRates(uint64_t device, utilization_t *out) {
  ENTER(RATES); DEVICE(device);
  if (set[MIG_MODE] == 1) return 3;
  uint64_t now = set[NOW_NS], k = now / set[PERIOD_NS] * set[PERIOD_NS];
  out->gpu = 100.0 * fake_busy_ns(k - set[PERIOD_NS], k) / set[PERIOD_NS]; out->memory = 7;
  return 0;
}
int nvmlDeviceGetProcessUtilization(uint64_t device, process_sample_t *out, uint32_t *count, uint64_t after) {
  ENTER(SHARES); DEVICE(device);
  uint32_t room = *count;
  if (out == NULL) { *count = 4096; return 7; }
  (void)after;
  uint32_t found = 0;
  for (int i = 0; i < process_count && found < room; i++) {
    if (shares_percent[i] == 0) continue;
    memset(&out[found], 0, sizeof *out);
    out[found].pid = pids[i]; out[found].timeStamp = driver_us(set[NOW_NS]); out[found++].smUtil = shares_percent[i];
  }
  if (found == 0) return 6;
  if (found + 2 <= room) { /* garbage behind the real ones */
    memset(&out[found], 0xEE, sizeof *out); found++;
    memset(&out[found], 0, sizeof *out); out[found].pid = 424242; out[found].timeStamp = driver_us(set[NOW_NS]); out[found++].smUtil = 90;
  }
  *count = found;
  return 0;
}
#ifndef WITHOUT_V3
int nvmlDeviceGetComputeRunningProcesses_v3(uint64_t device, uint32_t *count, void *out) {
  ENTER(PROCESSES); DEVICE(device);
  uint32_t room = *count;
  *count = process_count;
  if (process_count == 0) return 0;
  if (out == NULL || room < (uint32_t)process_count) return 7;
  for (int i = 0; i < process_count; i++) {
    process_535_t entry = { pids[i], 1000000ull * (i + 1), set[MIG_MODE] == 1 ? 5u : 0xFFFFFFFFu, 0xFFFFFFFFu, 0 };
    memcpy((char *)out + i * set[STRIDE], &entry, set[STRIDE]);
  }
  return 0;
}
#endif
int nvmlDeviceGetMemoryInfo(uint64_t device, memory_t *out) { ENTER(MEMORY); DEVICE(device); out->total = 80ull << 30; out->used = set[USED_BYTES] + (1 << 20); out->free = out->total - out->used; return 0; }
#ifndef WITHOUT_V2
int nvmlDeviceGetMemoryInfo_v2(uint64_t device, memory_v2_t *out) {
  ENTER(MEMORY_V2); DEVICE(device);
  if (out->version != 0x02000028) return 25;
  out->total = 80ull << 30; out->reserved = 1 << 20; out->used = set[USED_BYTES]; out->free = out->total - out->used - out->reserved;
  return 0;
}
#endif
/* 100 W: 100 mJ a millisecond. */
int nvmlDeviceGetTotalEnergyConsumption(uint64_t device, uint64_t *out) { ENTER(ENERGY); DEVICE(device); *out = set[NOW_NS] / 1000000 * 100; return 0; }
int nvmlDeviceGetAccountingMode(uint64_t device, uint32_t *out) { ENTER(ACCOUNTING_MODE); DEVICE(device); *out = set[ACCOUNTED]; return 0; }
int nvmlDeviceGetAccountingStats_v2(uint64_t device, accounting_v2_t *out) {
  ENTER(ACCOUNTING); DEVICE(device);
  if (!set[ACCOUNTED]) return 3;
  if (out->pid == 0) return 6;
  uint64_t seconds = set[NOW_NS] / 1000000000; /* the kernel adds to the sums once a second */
  out->isRunning = 1; out->sampleCount = seconds * 6; out->sumGpuUtil = 0;
  out->sumGpuUtil = (uint64_t)(10000.0 * 6 / 1e9 * fake_busy_ns(0, seconds * 1000000000));
  return 0;
}
#ifndef WITHOUT_GPM
int nvmlGpmQueryDeviceSupport(uint64_t device, gpm_support_t *out) { ENTER(GPM_SUPPORT); DEVICE(device); if (out->version != 1) return 25; out->isSupportedDevice = set[GPM_SUPPORTED]; return 0; }
int nvmlGpmSampleAlloc(uint64_t *out) {
  ENTER(GPM_ALLOC);
  for (int i = 0; i < 16; i++) if (!gpm[i].used) { gpm[i].used = 1; *out = (uint64_t)(uintptr_t)&gpm[i]; return 0; }
  return 20;
}
static int gpm_index(uint64_t sample) { for (int i = 0; i < 16; i++) if (sample == (uint64_t)(uintptr_t)&gpm[i] && gpm[i].used) return i; return -1; }
int nvmlGpmSampleGet(uint64_t device, uint64_t sample) { ENTER(GPM_SAMPLE); DEVICE(device); if (gpm_index(sample) < 0) return 2; if (set[MIG_MODE] == 1 && process_count > 0) return 4; gpm[gpm_index(sample)].at_ns = set[NOW_NS]; return 0; }
int nvmlGpmMigSampleGet(uint64_t device, uint32_t instance, uint64_t sample) { ENTER(GPM_MIG_SAMPLE); DEVICE(device); if (gpm_index(sample) < 0 || instance != 5) return 2; gpm[gpm_index(sample)].at_ns = set[NOW_NS]; return 0; }
int nvmlGpmMetricsGet(gpm_metrics_t *out) {
  ENTER(GPM_METRICS);
  if (out->version != 1) return 25;
  int a = gpm_index((uint64_t)(uintptr_t)out->sample1), b = gpm_index((uint64_t)(uintptr_t)out->sample2);
  if (out->numMetrics != 1 || a < 0 || b < 0 || out->metrics[0].metricId != 1) return 2;
  if (gpm[b].at_ns < gpm[a].at_ns + 100000000) return 2;
  out->metrics[0].nvmlReturn = 0;
  out->metrics[0].value = 100.0 * fake_busy_ns(gpm[a].at_ns, gpm[b].at_ns) / (gpm[b].at_ns - gpm[a].at_ns);
  return 0;
}
#endif
