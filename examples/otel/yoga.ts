/**
 * graphql-yoga with `@envelop/opentelemetry`: a span for each operation and resolver.
 *
 * `npm install` here, then `deno run -A yoga.ts` or `bun yoga.ts`.
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import { register } from "@cirron/sdk/otel";
import { useOpenTelemetry } from "@envelop/opentelemetry";
import * as api from "@opentelemetry/api";
import { createSchema, createYoga } from "graphql-yoga";

ci.profile({ output: "none" });
register(api);

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: "type Query { user(id: ID!): User } type User { id: ID! name: String }",
    resolvers: {
      Query: {
        user: (_: unknown, { id }: { id: string }) =>
          ci.scope("query", { attrs: { id } }, async () => {
            await new Promise(resolve => setTimeout(resolve, 10));
            api.trace.getTracer("driver").startSpan("SELECT").end();
            return { id, name: `user ${id}` };
          }),
      },
    },
  }),
  plugins: [
    useOpenTelemetry(
      { resolvers: true, variables: true, result: false },
      api.trace.getTracerProvider() as never,
    ),
  ],
});

function ask(id: string, headers: Record<string, string> = {}) {
  const query = `query user${id}($id: ID!) { user(id: $id) { id name } }`;
  return yoga.fetch("http://localhost/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables: { id } }),
  });
}

// The plugin reads no headers: who serves does.
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const answers = await Promise.all([
  api.context.with(
    api.propagation.extract(api.ROOT_CONTEXT, { traceparent: TRACEPARENT }),
    () => ci.scope("request", () => ask("1")),
  ),
  ci.scope("our own client", () => ask("2")),
]);
for (const answer of answers) await answer.text();

ci.shutdown();
console.log(ci.trace({ format: "json" }));
