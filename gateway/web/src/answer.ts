// An answer of the coach while it comes, and what a piece makes of it. Nothing here talks to anybody.
import type { AnswerSoFar } from "./wire.ts";

export interface Answer {
  answer_id: string;
  thread_id: string;
  // Empty: asked on another device, or before this page was loaded.
  question: string;
  text: string;
  // Of the text, in UTF-8: pieces say where they begin in these.
  bytes: number;
  state: "coming" | "done" | "stopped" | "failed";
  error: string;
  engine: string;
}

export function newAnswer(answer_id: string, thread_id: string, question: string): Answer {
  return { answer_id, thread_id, question, text: "", bytes: 0, state: "coming", error: "", engine: "" };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// null: something between is missing.
export function extend(a: Answer, offset: number, piece: string): Answer | null {
  if (offset > a.bytes) return null;
  const bytes = encoder.encode(piece);
  // What is here already is not said twice.
  const fresh = bytes.subarray(a.bytes - offset);
  if (a.state !== "coming" || fresh.length === 0) return a;
  return { ...a, text: a.text + decoder.decode(fresh), bytes: a.bytes + fresh.length };
}

// What the server knows of it.
export function fill(a: Answer, got: AnswerSoFar): Answer {
  const next = extend(a, got.offset, got.text) ?? a;
  if (!got.is_done) return next;
  return got.code === 0 ? done(next, next.text, got.engine) : fail(next, got.code === CANCELLED ? "CANCELLED" : "", got.message);
}

const CANCELLED = 1;

export function done(a: Answer, text: string, engine: string): Answer {
  return { ...a, text, state: "done", engine };
}

export function fail(a: Answer, code: string, error: string): Answer {
  if (a.state !== "coming") return a;
  return code === "CANCELLED" ? { ...a, state: "stopped" } : { ...a, state: "failed", error };
}
