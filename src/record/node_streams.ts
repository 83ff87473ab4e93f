/**
 * Follows Node's readable streams, by their events: what reads them need not iterate.
 *
 * @module
 */
import { guarded, listen } from "../runtime/host_calls.ts";
import type { StreamScope } from "./stream_scope.ts";

/** A `Readable` of `node:stream`, as far as it is asked. */
interface NodeStream {
  on(event: string, listener: () => void): unknown;
  readonly destroyed: boolean;
  readonly readableEnded: boolean;
  readonly errored?: unknown;
}

/** Whether `value` is a readable stream of Node's. */
export function isNodeStream(value: object): value is NodeStream {
  return "_readableState" in value && "pipe" in value && "on" in value;
}

/** Follows a stream until it ends or closes; undefined if it is over already. */
export function followNodeStream(stream: NodeStream, scope: StreamScope): object | undefined {
  if (stream.destroyed || stream.readableEnded) return undefined;
  scope.begin();
  const end = guarded(() => {
    const { errored } = stream;
    // A loop that breaks aborts the stream: that is no failure elsewhere either.
    const isFailed = errored !== null && errored !== undefined
      && (errored as { code?: unknown }).code !== "ABORT_ERR";
    if (isFailed) scope.fail(errored);
    else scope.stop();
  });
  listen(stream, "end", end);
  listen(stream, "close", end);
  return stream;
}
