// What was begun and is not sent, by its place, while the page lives. It is whose it is: who signs in next
// finds nothing.
import { me } from "./session.ts";

const drafts = new Map<string, string>();

function keyOf(place: string): string {
  return `${me.value?.id} ${place}`;
}

export function draftOf(place: string): string {
  return drafts.get(keyOf(place)) ?? "";
}

export function keepDraft(place: string, text: string): void {
  drafts.set(keyOf(place), text);
}
