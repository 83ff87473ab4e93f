/**
 * A server of Deno's with spans of a library and scopes of ours, which says what it saw: a program for tests, under Deno's own
 * telemetry or without.
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import { register } from "@cirron/sdk/otel";
import * as api from "@opentelemetry/api";

interface Slots {
  context?: { active(): ReturnType<typeof api.context.active> };
}

const slots = (): Slots | undefined =>
  (globalThis as { [key: symbol]: Slots | undefined })[Symbol.for("opentelemetry.js.api.1")];

ci.profile({ output: "none" });
const native = slots()?.context;
const unregister = register(api);
const tracer = api.trace.getTracer("library");
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async request => {
  const path = new URL(request.url).pathname;
  const served = api.trace.getActiveSpan()?.spanContext().spanId ?? null;
  return await tracer.startActiveSpan(`handle ${path}`, async span => {
    await new Promise(resolve => setTimeout(resolve, 5));
    ci.scope(`ours ${path}`, () => tracer.startSpan(`theirs ${path}`).end());
    const isSeen = native !== undefined && api.trace.getSpan(native.active()) === span;
    span.end();
    return Response.json({ served, isSeen, path });
  });
});
const get = async (path: string): Promise<unknown> =>
  await (await fetch(`http://127.0.0.1:${server.addr.port}${path}`)).json();
const answers = await Promise.all(["/a", "/b", "/c"].map(get));
await server.shutdown();
const trace = ci.trace({ format: "dict" });
unregister();
console.log(JSON.stringify({ answers, trace, isRestored: slots()?.context === native }));
