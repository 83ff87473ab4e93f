/**
 * The same as JSON, as OTLP has it: ids in hex, 64-bit numbers as their digits.
 *
 * @module
 */
import { jsonOf } from "../../data/json_text.ts";
import { ORPHANS } from "../../data/session_names.ts";
import type { Snapshot } from "../../data/snapshot.ts";
import type { Attrs, JsonValue, MarkValue } from "../../data/values.ts";
import { VERSION } from "../../data/version.ts";
import { COUNTERS } from "../../meters/counters.ts";
import { counterColumns, ownIdText, parentIdText, traceIdOf } from "../../tree/columns.ts";
import type { ResourceSpans } from "./encoded.ts";
import { beginsAtSession, isResource, REMOTE, SAMPLED, SCOPE_TEXT, spanKind, STATUS_ERROR } from "./model.ts";

type KeyValue = { key: string; value: object };

/** Spans with commas between them. */
export function jsonSpans(snapshot: Snapshot, from: number, until: number): { text: string; count: number } {
  const texts: string[] = [];
  for (let row = from; row < until; row++) {
    if (!isResource(snapshot, row)) texts.push(jsonOf(spanOf(snapshot, row)));
  }
  return { text: texts.join(","), count: texts.length };
}

/** A whole request. */
export function jsonRequest(all: readonly ResourceSpans[]): Uint8Array {
  const decoder = new TextDecoder();
  const scope = jsonOf({ name: SCOPE_TEXT, version: VERSION });
  const texts = all.map(({ resource, spans }) =>
    `{"resource":${jsonOf({ attributes: keyValues(resource) })},"scopeSpans":[{"scope":${scope},"spans":[${
      spans.map(({ bytes }) => decoder.decode(bytes)).join(",")
    }]}]}`
  );
  return new TextEncoder().encode(`{"resourceSpans":[${texts.join(",")}]}`);
}

function spanOf(snapshot: Snapshot, row: number): object {
  const own = ownIdText(snapshot, row);
  const parent = parentIdText(snapshot, row);
  const hasParent = parent !== null && parent !== ORPHANS && !beginsAtSession(snapshot, row);
  const attrs = snapshot.attrs.at(row) ?? {};
  const time = (ns: number) => String(snapshot.anchorNs + BigInt(ns));
  return {
    traceId: traceIdOf(snapshot, row) ?? own,
    spanId: own.slice(0, 16),
    parentSpanId: hasParent ? parent.slice(0, 16) : undefined,
    name: snapshot.name[row],
    kind: spanKind(attrs),
    startTimeUnixNano: time(snapshot.startNs[row]),
    endTimeUnixNano: time(snapshot.endNs[row]),
    attributes: [...keyValues(attrs), ...columnsOf(snapshot, row)],
    events: eventsOf(snapshot, row, time),
    status: typeof attrs.error === "string" ? { message: attrs.error, code: STATUS_ERROR } : {},
    flags: hasParent && parent.length === 16 ? SAMPLED | REMOTE : SAMPLED,
  };
}

function columnsOf(snapshot: Snapshot, row: number): KeyValue[] {
  const counters = counterColumns(snapshot);
  const named: [string, number | undefined][] = [
    ["index", snapshot.index[row]],
    ["data_load_ns", snapshot.dataLoadNs[row]],
    ...COUNTERS.map(({ column }, k): [string, number | undefined] => [column, counters[k]?.[row]]),
  ];
  return named.flatMap(([name, value]) =>
    value === undefined || Number.isNaN(value) ? [] : [{ key: `cirron.${name}`, value: anyValue(value) }]
  );
}

function eventsOf({ marks }: Snapshot, row: number, time: (ns: number) => string): object[] {
  const events: object[] = [];
  for (let i = marks.first[row]; i < marks.first[row + 1]; i++) {
    const attributes: KeyValue[] = [{ key: "value", value: anyValue(marks.value[i]) }];
    if (marks.summary[i] === 1) attributes.push({ key: "kind", value: anyValue("summary") });
    attributes.push(...keyValues(marks.attrs.at(i) ?? {}));
    events.push({ timeUnixNano: time(marks.tsNs[i]), name: marks.name[i], attributes });
  }
  return events;
}

function keyValues(attrs: Attrs): KeyValue[] {
  return Object.entries(attrs).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: JsonValue | MarkValue): object {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "bigint":
      return BigInt.asIntN(64, value) === value
        ? { intValue: String(value) }
        : { stringValue: String(value) };
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? { intValue: String(value) }
        // Protocol buffers' JSON has names for what JSON has no numbers for.
        : { doubleValue: Number.isFinite(value) ? value : String(value) };
  }
  if (value === null) return {};
  return Array.isArray(value)
    ? { arrayValue: { values: value.map(anyValue) } }
    : { kvlistValue: { values: keyValues(value as Attrs) } };
}
