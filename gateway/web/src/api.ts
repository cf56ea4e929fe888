// Calls over HTTP. The session is a cookie that script cannot read; the browser sends it.

import { newId } from "./id.ts";

// What went wrong, in words that can be shown. field: the input that is to blame, where there is one.
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 0,
    readonly field = "",
  ) {
    super(message);
  }
}

// Not the call's fault: the same one may succeed in a moment.
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && error.code === "UNAVAILABLE";
}

// In words for whoever only sees that nothing comes; what it is exactly, for whoever looks after the server.
export function textOfRefusal(code: string, message: string): string {
  return code === "UNAVAILABLE" ? `The server is away for the moment (${message}).` : message;
}

export type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

// Set by the session: what to do when the server no longer knows it.
let onSignedOut = () => {};
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

const EXCHANGE_MS = 500;

// A token is exchanged from time to time, maybe by another tab: a call that was on its way with the old
// one is refused, although the session goes on.
async function isStillSignedIn(): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, EXCHANGE_MS));
  const answer = await fetch("/api/users/me").catch(() => null);
  return answer?.ok ?? false;
}

interface ErrorBody {
  code?: string;
  message?: string;
  details?: { field_violation?: { field?: string } }[];
}

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  // What is wrong with an item of a list is wrong with the list, which is one input.
  const path = body.details?.find((d) => d.field_violation)?.field_violation?.field ?? "";
  const field = path.split(/[.[]/, 1)[0] ?? "";
  return new ApiError(
    body.code ?? "UNKNOWN",
    textOfRefusal(body.code ?? "", body.message ?? `The server answered ${response.status}.`),
    response.status,
    field,
  );
}

async function request(verb: Verb, path: string, body: unknown, isRepeat = false): Promise<Response> {
  const init: RequestInit = { method: verb, credentials: "same-origin" };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json", "Idempotency-Key": newId() };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new ApiError("UNAVAILABLE", "The server cannot be reached. Check your connection and try again.");
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  // A wrong password while signing in is 401 as well, but nobody was signed in.
  if (response.status === 401 && path !== "/api/auth/login") {
    if (!(await isStillSignedIn())) onSignedOut();
    else if (!isRepeat) return request(verb, path, body, true);
  }
  throw error;
}

export async function call<T>(verb: Verb, path: string, body?: unknown): Promise<T> {
  const withBody = body === undefined && verb !== "GET" && verb !== "DELETE" ? {} : body;
  return (await (await request(verb, path, withBody)).json()) as T;
}

// A path's part, or a query's value.
export const enc = encodeURIComponent;
