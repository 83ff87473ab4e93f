// deno-lint-ignore-file camelcase -- the names of the spool format
/**
 * Spool files made by hand, as the packages write them.
 *
 * @module
 */
import { join } from "node:path";
import { TempDirectory } from "./temp_directory.ts";

/** 2026-01-02T03:04:05.678901234Z; its last digits are the first that a number cannot hold. */
export const START_NS = 1_767_323_045_678_901_234n;

/** Fields of a span or a mark; bigints become integers of any size. */
export type Fields = Record<string, unknown>;

/** A span with every field, 1 ms long, `us` microseconds after {@link START_NS}. */
export function spanOf(id: string, us = 0, more: Fields = {}): Fields {
  const start_ns = START_NS + BigInt(us) * 1000n;
  return {
    id,
    name: id,
    parent_id: null,
    index: null,
    start_ns,
    end_ns: start_ns + 1_000_000n,
    cpu_ns: null,
    gpu_ns: null,
    memory_peak_bytes: null,
    thread_id: 140_234_567_890_176,
    pid: 7,
    rank: 0,
    attrs: {},
    mark_ids: [],
    ...more,
  };
}

/** A mark with every field. */
export function markOf(id: string, span_id: string, more: Fields = {}): Fields {
  return {
    id,
    span_id,
    name: id,
    value_type: "float",
    value: 0.5,
    attrs: {},
    ts_ns: START_NS,
    kind: "point",
    ...more,
  };
}

/** A file with every field. */
export function fileOf(spans: unknown, marks: unknown = [], more: Fields = {}): Fields {
  return {
    schema_version: 1,
    sdk_version: "0.1.0",
    batch_id: "0123456789abcdef0123456789abcdef",
    created_ns: START_NS,
    spans,
    marks,
    snapshots: [],
    ...more,
  };
}

/** JSON with bigints as integers, spaced as Python's `json.dumps` does if asked. */
export function toJsonText(value: unknown, python = false): string {
  const comma = python ? ", " : ",";
  const colon = python ? ": " : ":";
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(item => toJsonText(item, python)).join(comma)}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${
      fields.map(([name, field]) => JSON.stringify(name) + colon + toJsonText(field, python)).join(comma)
    }}`;
  }
  return JSON.stringify(value);
}

/** A spool directory of the test's own. */
export class TestSpool extends TempDirectory {
  #count = 0;

  /** Adds a file with the next name, and gives its name. */
  add(content: Fields | string): string {
    const name = fileName(this.#count++);
    this.write(name, typeof content === "string" ? content : toJsonText(content));
    return name;
  }

  /** Where a file of this name lies. */
  at(name: string): string {
    return join(this.path, name);
  }
}

/** The name of the file with this number. */
export function fileName(number: number): string {
  const created = String(START_NS + BigInt(number)).padStart(20, "0");
  return `${created}-${number.toString(16).padStart(32, "0")}.json`;
}

/** A file as the Python package writes it, of a training with tensors; the epoch is still open. */
export const PYTHON_FILE = '{"schema_version": 1, "sdk_version": "0.9.2", '
  + '"batch_id": "5a1f0c6be4f94f0d9d9d4c7b7f3a2e10", "created_ns": 1767323046000000001, "host": "node-3", '
  + '"spans": [{"id": "3f2b8c1d9e4a4b6f8a7c5d3e2f1a0b9c", "name": "batch", '
  + '"parent_id": "c0ffee00c0ffee00c0ffee00c0ffee00", "index": 3, "start_ns": 1767323045678901235, '
  + '"end_ns": 1767323045678903236, "cpu_ns": 1500, "gpu_ns": null, "memory_peak_bytes": null, '
  + '"thread_id": 140234567890176, "pid": 4242, "rank": 1, "attrs": {"data_load_ns": 250, "note": "d\\u00e9j\\u00e0"}, '
  + '"mark_ids": ["11111111111111111111111111111111", "22222222222222222222222222222222", '
  + '"33333333333333333333333333333333"], "flops": 1e+16}], '
  + '"marks": [{"id": "11111111111111111111111111111111", "span_id": "3f2b8c1d9e4a4b6f8a7c5d3e2f1a0b9c", '
  + '"name": "loss", "value_type": "float", "value": 0.5, "attrs": {}, "ts_ns": 1767323045678902235, '
  + '"kind": "point"}, {"id": "22222222222222222222222222222222", '
  + '"span_id": "3f2b8c1d9e4a4b6f8a7c5d3e2f1a0b9c", "name": "lr", "value_type": "float", "value": 1e-05, '
  + '"attrs": {"group": 0}, "ts_ns": 1767323045678902236, "kind": "point", "step": 12}, '
  + '{"id": "33333333333333333333333333333333", "span_id": "3f2b8c1d9e4a4b6f8a7c5d3e2f1a0b9c", '
  + '"name": "seen", "value_type": "int", "value": 18446744073709551617, "attrs": {}, '
  + '"ts_ns": 1767323045678902237, "kind": "summary"}], '
  + '"snapshots": [{"id": "44444444444444444444444444444444", "tensor": {"shape": [2, 2], "dtype": "float32"}}]}';
