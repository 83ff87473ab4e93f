/**
 * Links of a span of OpenTelemetry, which are kept as an attribute.
 *
 * @module
 */
import { copyAttrs } from "../data/attrs.ts";
import type { JsonValue } from "../data/values.ts";
import { attrsOf, type AttrsOwner } from "./span_attributes.ts";

/** The attribute that has them: a list of `{ trace_id, span_id, attributes }`. */
export const LINKS = "otel.links";

/** The attribute that says how many are not there, for there were more than {@link MOST_LINKS}. */
export const DROPPED_LINKS = "otel.dropped_links_count";

/** Links kept of a span: as many as OpenTelemetry's own limit. */
export const MOST_LINKS = 128;

/** Adds a link; one without a context is passed over. */
export function putLink(owner: AttrsOwner, link: unknown): void {
  const { context, attributes } = Object(link) as { context?: unknown; attributes?: unknown };
  const { traceId, spanId } = Object(context) as { traceId?: unknown; spanId?: unknown };
  if (typeof traceId !== "string" || typeof spanId !== "string") return;
  const attrs = attrsOf(owner);
  const links = Array.isArray(attrs[LINKS]) ? attrs[LINKS] as JsonValue[] : [];
  if (links.length >= MOST_LINKS) {
    attrs[DROPPED_LINKS] = Number(attrs[DROPPED_LINKS] ?? 0) + 1;
    return;
  }
  const kept = copyAttrs({
    trace_id: traceId,
    span_id: spanId,
    ...(typeof attributes === "object" && attributes !== null && Object.keys(attributes).length > 0
      ? { attributes }
      : {}),
  });
  attrs[LINKS] = [...links, kept];
}
