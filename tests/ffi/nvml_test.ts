import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import {
  decodeGpmBusy,
  decodeMemoryV1,
  decodeMemoryV2,
  decodeProcesses,
  decodeProcessShares,
  decodeSamples,
  decodeText,
  GPM_METRICS_BYTES,
  MEMORY_V2_VERSION,
  NVML_FUNCTIONS,
  nvmlCodeName,
  nvmlPaths,
  nvmlPolicy,
  PROCESS_SENTINEL,
} from "../../ffi/nvml.ts";

function bytes(length: number, fill = 0): DataView {
  return new DataView(new Uint8Array(length).fill(fill).buffer);
}

function samples(...entries: [us: number, percent: number][]): DataView {
  const view = bytes(entries.length * 16, 0xee); // the unused half of a value is anything
  entries.forEach(([us, percent], i) => {
    view.setBigUint64(i * 16, BigInt(us), true);
    view.setUint32(i * 16 + 8, percent, true);
  });
  return view;
}

test("nvmlPaths() are absolute, versioned, and for Linux alone", () => {
  for (const arch of ["x64", "arm64"]) {
    const paths = nvmlPaths("linux", arch);
    assert(paths.length > 3);
    for (const path of paths) assert(/^\/.*\/libnvidia-ml\.so\.1$/.test(path), path);
  }
  assert(nvmlPaths("linux", "arm64")[0].includes("aarch64"));
  assertEquals(nvmlPaths("darwin", "arm64"), []);
  assertEquals(nvmlPaths("win32", "x64"), []);
});

test("nvmlPolicy() has an answer to each code of the header, and to those that are not in it", () => {
  const wanted: Record<string, number[]> = {
    "ok": [0],
    "nothing": [6],
    "init again": [1],
    "function off": [2, 3, 4, 13, 17, 25],
    "device off": [15, 16],
    "all off": [9, 12, 18],
    "retry": [5, 7, 8, 10, 11, 14, 19, 20, 21, 22, 23, 24, 26, 27, 28, 29, 30, 31, 77, 999, -1],
  };
  for (const [policy, codes] of Object.entries(wanted)) {
    for (const code of codes) assertEquals(nvmlPolicy(code), policy, `code ${code}`);
  }
});

test("nvmlCodeName() keeps the number of a code that it does not know", () => {
  assertEquals(nvmlCodeName(0), "NVML_SUCCESS");
  assertEquals(nvmlCodeName(18), "NVML_ERROR_LIB_RM_VERSION_MISMATCH");
  assertEquals(nvmlCodeName(4711), "NVML code 4711");
});

test("decodeSamples() sorts, drops what was seen, repeats and garbage", () => {
  const view = samples([3000, 30], [1000, 10], [2000, 100], [2000, 100], [0, 50], [4000, 101], [
    5000,
    0xffff_ffff,
  ]);
  assertEquals(decodeSamples(view, 7, 1, 1000), [{ timestampUs: 2000, busy: 1 }, {
    timestampUs: 3000,
    busy: 0.3,
  }]);
});

test("decodeSamples() reads only as wide as the type says", () => {
  const put: [type: number, write: (view: DataView) => void][] = [
    [0, view => view.setFloat64(8, 42, true)],
    [1, view => view.setUint32(8, 42, true)],
    [2, view => view.setBigUint64(8, 42n, true)],
    [3, view => view.setBigUint64(8, 42n, true)],
    [4, view => view.setBigInt64(8, 42n, true)],
    [5, view => view.setInt32(8, 42, true)],
    [6, view => view.setUint16(8, 42, true)],
  ];
  for (const [type, write] of put) {
    const view = bytes(16, 0xee);
    view.setBigUint64(0, 1000n, true);
    write(view);
    assertEquals(decodeSamples(view, 1, type, 0), [{ timestampUs: 1000, busy: 0.42 }], `type ${type}`);
  }
  assertEquals(decodeSamples(samples([1000, 10]), 1, 7, 0), []);
});

test("decodeSamples() never reads beyond the buffer, whatever the count", () => {
  assertEquals(decodeSamples(samples([1000, 10]), 0xffff_ffff, 1, 0).length, 1);
  assertEquals(decodeSamples(bytes(0), 5, 1, 0), []);
});

test("decodeProcesses() finds out that entries have 32 bytes, as in early R535 drivers", () => {
  for (const stride of [24, 32]) {
    for (let count = 1; count <= 5; count++) {
      const view = bytes(8 * 32, PROCESS_SENTINEL);
      for (let i = 0; i < count; i++) {
        view.setUint32(i * stride, 100 + i, true);
        view.setUint32(i * stride + 4, 0, true);
        view.setBigUint64(i * stride + 8, 1_000_000n * BigInt(i), true);
        view.setUint32(i * stride + 16, i === 1 ? 3 : 0xffff_ffff, true);
        view.setUint32(i * stride + 20, 0xffff_ffff, true);
        if (stride === 32) view.setBigUint64(i * stride + 24, 0n, true);
      }
      assertEquals(
        decodeProcesses(view, count),
        Array.from({ length: count }, (_, i) => ({
          pid: 100 + i,
          memoryBytes: 1_000_000 * i,
          gpuInstanceId: i === 1 ? 3 : null,
        })),
        `${count} entries of ${stride}`,
      );
    }
  }
});

test("decodeProcesses() takes all bits set for not available", () => {
  const view = bytes(64, PROCESS_SENTINEL);
  view.setUint32(0, 7, true);
  view.setBigUint64(8, 0xffff_ffff_ffff_ffffn, true);
  view.setBigUint64(16, 0xffff_ffff_ffff_ffffn, true);
  assertEquals(decodeProcesses(view, 1), [{ pid: 7, memoryBytes: null, gpuInstanceId: null }]);
  assertEquals(decodeProcesses(view, 0), []);
});

test("decodeProcesses() never throws, whatever lies in the buffer", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (content, count) => {
    const view = new DataView(Uint8Array.from(content).buffer);
    assert(decodeProcesses(view, count).length <= count);
    decodeProcessShares(view, count, 0n);
    decodeSamples(view, count, 1, 0);
  }));
});

test("decodeProcessShares() leaves out garbage behind the real entries", () => {
  const view = bytes(4 * 32);
  const put = (i: number, pid: number, us: bigint, sm: number) => {
    view.setUint32(i * 32, pid, true);
    view.setBigUint64(i * 32 + 8, us, true);
    view.setUint32(i * 32 + 16, sm, true);
  };
  put(0, 11, 2000n, 40);
  put(1, 0, 2000n, 40);
  put(2, 12, 1000n, 40);
  put(3, 13, 2000n, 3_000_000);
  assertEquals(decodeProcessShares(view, 4, 1000n), [{ pid: 11, timestampUs: 2000n, smPercent: 40 }]);
});

test("decodeMemoryV1() and decodeMemoryV2() read the bytes in use", () => {
  const v1 = bytes(24);
  v1.setBigUint64(16, 123_456n, true);
  const v2 = bytes(40);
  v2.setBigUint64(32, 654_321n, true);
  assertEquals([decodeMemoryV1(v1), decodeMemoryV2(v2), MEMORY_V2_VERSION], [123_456, 654_321, 33_554_472]);
});

test("decodeGpmBusy() is NaN unless the metric says that it worked", () => {
  const view = bytes(GPM_METRICS_BYTES);
  view.setFloat64(32, 25, true);
  assertEquals(decodeGpmBusy(view), 0.25);
  view.setFloat64(32, NaN, true);
  assertEquals(decodeGpmBusy(view), NaN);
  view.setFloat64(32, 250, true);
  assertEquals(decodeGpmBusy(view), NaN);
  view.setFloat64(32, 25, true);
  view.setInt32(28, 3, true);
  assertEquals(decodeGpmBusy(view), NaN);
});

test("decodeText() ends at the NUL", () => {
  assertEquals(decodeText(Uint8Array.of(72, 105, 0, 88)), "Hi");
  assertEquals(decodeText(Uint8Array.of(72, 105)), "Hi");
});

test("NVML_FUNCTIONS are 21, named as the library exports them", () => {
  assertEquals(NVML_FUNCTIONS.length, 21);
  assert(NVML_FUNCTIONS.every(name => /^nvml[A-Z]\w+$/.test(name)));
});
