/**
 * hono with `@hono/otel`: a span for each request, that of its caller kept, and scopes of the handler in it.
 *
 * `npm install` here, then `deno run -A hono.ts` or `bun hono.ts`.
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import { register } from "@cirron/sdk/otel";
import { httpInstrumentationMiddleware } from "@hono/otel";
import * as api from "@opentelemetry/api";
import { Hono } from "hono";

ci.profile({ output: "none" });
register(api);

const app = new Hono();
app.use(httpInstrumentationMiddleware());
app.get("/users/:id", async c => {
  const id = c.req.param("id");
  const rows = await ci.scope("query", { attrs: { id } }, async () => {
    await new Promise(resolve => setTimeout(resolve, 10));
    // What a driver with OpenTelemetry would trace lies in it.
    api.trace.getTracer("driver").startSpan("SELECT").end();
    return [{ id }];
  });
  if (id === "9") throw new Error("no user 9");
  return c.json(rows);
});

// Two requests at once: one of a caller that has a trace, one of ours under a scope. And one that fails.
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
await Promise.all([
  app.request("/users/1", { headers: { traceparent: TRACEPARENT } }),
  ci.scope("our own client", async () => {
    const headers: Record<string, string> = {};
    api.propagation.inject(api.context.active(), headers);
    return await app.request("/users/2", { headers });
  }),
]);
await app.request("/users/9");

ci.shutdown();
console.log(ci.trace({ format: "json" }));
