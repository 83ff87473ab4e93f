/**
 * Whether a `Response` streams. To ask for its body is no way to know: Bun forgets the type of a body that was asked for, and
 * both send one that was wrapped without its length. So each runtime is asked what it knows; where it says nothing, it does not
 * stream.
 *
 * @module
 */
import { load } from "./builtins.ts";
import { bun, deno } from "./which.ts";

/** What Deno keeps for a response: null for no body, and for a text that was not asked for. */
interface DenoResponse {
  /** `source` is what the body was made of, as the standard calls it: null for a stream. */
  readonly body: { readonly source: unknown } | null;
}

/** Whether the body of a response is a stream, and not a text, bytes, a form or a file. Never throws. */
export function isStreamed(response: Response): boolean {
  try {
    const inspect = bun<BunInspect>()?.inspect;
    if (inspect !== undefined) return !hasBytes(response) && isStreamedInBun(response, inspect);
    return deno() !== null && isStreamedInDeno(response);
  } catch {
    return false;
  }
}

interface BunInspect {
  readonly inspect?: (value: object, options: object) => string;
}

/** `bun:jsc` */
interface JavaScriptCore {
  estimateShallowMemoryUsageOf(value: object): number;
}

/** Bytes that a response without a body takes; Infinity if that cannot be asked; NaN before it was. */
let emptySize = NaN;

// A text or bytes are in a response's own size, 10 ns to ask for; forms, files and streams are not. Its URL, status text and
// properties are too.
function hasBytes(response: Response): boolean {
  if (emptySize !== emptySize) emptySize = sizeOf(new Response(null)) ?? Infinity;
  return emptySize < Infinity && sizeOf(response)! > emptySize
    && response.url === "" && response.statusText === ""
    && Object.getPrototypeOf(response) === Response.prototype && Reflect.ownKeys(response).length === 0;
}

function sizeOf(response: Response): number | null {
  try {
    return load<JavaScriptCore>("bun:jsc").estimateShallowMemoryUsageOf(response);
  } catch {
    return null;
  }
}

function isStreamedInBun(response: Response, inspect: NonNullable<BunInspect["inspect"]>): boolean {
  // Some 2 to 5 us. What the body is stands last, and nothing else begins a line like this.
  const text = inspect(response, { depth: 0 });
  // Of what is being fetched Bun has nothing to show yet.
  return /^ {2}ReadableStream\b/m.test(text) || response.url !== "" && text.endsWith("bodyUsed: false\n}");
}

let denoKey: symbol | undefined;

function isStreamedInDeno(response: Response): boolean {
  denoKey ??= Object.getOwnPropertySymbols(response).find(key => key.description === "response");
  if (denoKey === undefined) return false;
  const { body } = (response as unknown as Record<symbol, DenoResponse>)[denoKey];
  return body !== null && body !== undefined && body.source === null;
}
