import type { Group } from "./case.ts";
/** Groups of this file. */
export const peerGroups: readonly Group[] = [];
