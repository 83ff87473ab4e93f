/**
 * Every group of cases. Each is measured in a process of its own: what an engine has learned from one must not slow another.
 *
 * @module
 */
import type { Group } from "./case.ts";
import { firstGroups } from "./first_cases.ts";
import { importGroups } from "./import_cases.ts";
import { journalGroups } from "./journal_cases.ts";
import { journalReadGroups } from "./journal_read_cases.ts";
import { lifeGroups } from "./life_cases.ts";
import { offGroups } from "./off_cases.ts";
import { otelGroups } from "./otel_cases.ts";
import { otlpGroups } from "./otlp_cases.ts";
import { peerGroups } from "./peer_cases.ts";
import { programGroups } from "./program_cases.ts";
import { readGroups } from "./read_cases.ts";
import { recordingGroups } from "./recording_cases.ts";
import { serverGroups } from "./server/cases.ts";

/** In the order of the table. */
export const GROUPS: readonly Group[] = [
  ...recordingGroups,
  ...lifeGroups,
  ...firstGroups,
  ...programGroups,
  ...offGroups,
  ...serverGroups,
  ...peerGroups,
  ...otelGroups,
  ...readGroups,
  ...journalGroups,
  ...journalReadGroups,
  ...otlpGroups,
  ...importGroups,
];
