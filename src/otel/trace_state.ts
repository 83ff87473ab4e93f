/**
 * The header `tracestate`, as W3C has it: https://www.w3.org/TR/trace-context/#tracestate-header
 *
 * @module
 */
import type { TraceState } from "./api.ts";

const MOST_MEMBERS = 32;

/** Characters that are handed on in any case; of more, members of over {@link LONG} go first. */
const LENGTH = 512;
const LONG = 128;

const KEY = /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** Optional white space: blanks and tabs, of which JavaScript's own `trim` takes more. */
const AROUND = /^[ \t]+|[ \t]+$/g;

/** What vendors added to a trace context, the newest first. Never changes. */
export class OwnTraceState implements TraceState {
  readonly #members: ReadonlyMap<string, string>;

  constructor(members: ReadonlyMap<string, string>) {
    this.#members = members;
  }

  /** The same with an entry, which comes first; itself if that is none. The last one leaves where there are too many. */
  set(key: string, value: string): TraceState {
    if (!KEY.test(key) || !VALUE.test(value)) return this;
    const members = new Map([[key, value]]);
    for (const [other, its] of this.#members) {
      if (other !== key && members.size < MOST_MEMBERS) members.set(other, its);
    }
    return new OwnTraceState(members);
  }

  /** The same without an entry. */
  unset(key: string): TraceState {
    if (!this.#members.has(key)) return this;
    const members = new Map(this.#members);
    members.delete(key);
    return new OwnTraceState(members);
  }

  /** The value of an entry. */
  get(key: string): string | undefined {
    return this.#members.get(key);
  }

  /** As the header has it. What is over 512 characters is cut by whole entries: the long ones, then the last ones. */
  serialize(): string {
    let members = Array.from(this.#members, ([key, value]) => `${key}=${value}`);
    const length = (): number => members.reduce((sum, member) => sum + member.length + 1, -1);
    if (length() > LENGTH) members = members.filter(member => member.length <= LONG);
    while (length() > LENGTH) members.pop();
    return members.join(",");
  }
}

/** What a header says; null if it says nothing, or anything in it is wrong: then W3C wants all of it left out. */
export function parseTraceState(header: string): OwnTraceState | null {
  const members = new Map<string, string>();
  let count = 0;
  for (const part of header.split(",")) {
    // A blank is no end of a value, but may stand around a member.
    const member = part.replace(AROUND, "");
    if (member === "") continue;
    const at = member.indexOf("=");
    const key = member.slice(0, at);
    const value = member.slice(at + 1);
    if (at < 0 || !KEY.test(key) || !VALUE.test(value) || ++count > MOST_MEMBERS) return null;
    if (!members.has(key)) members.set(key, value);
  }
  return members.size === 0 ? null : new OwnTraceState(members);
}
