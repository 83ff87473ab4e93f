/**
 * Whether a `Response` streams. To ask for its body is no way to know: Bun forgets the type of a body that was asked for, and
 * both send one that was wrapped without its length. So each runtime is asked what it knows; where it says nothing, it does not
 * stream.
 *
 * @module
 */
import { bun, deno } from "./which.ts";

/** What Deno keeps for a response: null for no body, and for a text that was not asked for. */
interface DenoResponse {
  /** `source` is what the body was made of, as the standard calls it: null for a stream. */
  readonly body: { readonly source: unknown } | null;
}

/** Whether the body of a response is a stream, and not a text, bytes, a form or a file. Never throws. */
export function isStreamed(response: object): boolean {
  try {
    const inspect = bun<{ inspect?: (value: object, options: object) => string }>()?.inspect;
    // Some 5 us. It names what the body is, last: nothing else that it shows stands at the begin of a line.
    if (inspect !== undefined) return /^ {2}ReadableStream\b/m.test(inspect(response, { depth: 0 }));
    return deno() !== null && isStreamedInDeno(response);
  } catch {
    return false;
  }
}

let denoKey: symbol | undefined;

function isStreamedInDeno(response: object): boolean {
  denoKey ??= Object.getOwnPropertySymbols(response).find(key => key.description === "response");
  if (denoKey === undefined) return false;
  const { body } = (response as Record<symbol, DenoResponse>)[denoKey];
  return body !== null && body !== undefined && body.source === null;
}
