// Who is signed in. The session is the cookie; the token of the answer is not kept anywhere.
import { signal } from "@preact/signals";
import { ApiError, call, whenSignedOut } from "./api.ts";
import type { Erasure, LoginResponse, User } from "./wire.ts";

// undefined: not known yet. null: nobody.
export const me = signal<User | null | undefined>(undefined);
// Why somebody is asked to sign in again.
export const notice = signal("");
// Of an account that has just been deleted.
export const receipt = signal<Erasure | null>(null);

whenSignedOut(() => forget(me.value ? "Your session has ended. Please sign in again." : notice.value));

// Script cannot see the cookie. That there has been one is remembered, so that who comes for the first
// time is not asked for in vain; and until when it is good, so that it is exchanged in time.
const HINT = "signed-in";

interface Hint {
  // Date.now() when the token was given, and how long it is good; 0: not known.
  since: number;
  lifetime_ms: number;
}

function remember(hint: Hint | null): void {
  try {
    if (hint) localStorage.setItem(HINT, JSON.stringify(hint));
    else localStorage.removeItem(HINT);
  } catch {
    // Storage is forbidden: then everybody signs in anew.
  }
}

function remembered(): Hint | null {
  try {
    const text = localStorage.getItem(HINT);
    return text === null ? null : { since: 0, lifetime_ms: 0, ...(JSON.parse(text) as Partial<Hint>) };
  } catch {
    return null;
  }
}

// Exchanges the token when half of its time is over, so that a page that stays open stays signed in. All
// tabs look; the first one does it for all, as the cookie is theirs together.
let exchange: Promise<void> | null = null;

function keepFresh(): Promise<void> {
  const hint = remembered();
  if (me.value && hint && Date.now() - hint.since >= hint.lifetime_ms / 2)
    exchange ??= exchangeToken().finally(() => (exchange = null));
  return exchange ?? Promise.resolve();
}

async function exchangeToken(): Promise<void> {
  // In the meantime no other tab begins.
  remember({ since: Date.now(), lifetime_ms: 60_000 });
  try {
    const { expires_in } = await call<LoginResponse>("POST", "/api/auth/refresh");
    remember({ since: Date.now(), lifetime_ms: expires_in * 1000 });
  } catch {
    // Offline, or the session is over, which the call has told: the next look tries again.
  }
}

setInterval(() => void keepFresh(), 30_000);
document.addEventListener("visibilitychange", () => void keepFresh());

// When the page opens.
export async function resume(): Promise<void> {
  if (!remembered()) {
    me.value = null;
    return;
  }
  await refresh();
  await keepFresh();
}

// Asks the server; keeps who is known while it cannot be asked.
export async function refresh(): Promise<void> {
  try {
    me.value = await call<User>("GET", "/api/users/me");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) me.value = null;
    else throw error;
  }
}

export async function signIn(username: string, password: string): Promise<void> {
  const { expires_in } = await call<LoginResponse>("POST", "/api/auth/login", { username, password });
  remember({ since: Date.now(), lifetime_ms: expires_in * 1000 });
  notice.value = "";
  receipt.value = null;
  await refresh();
}

export async function register(username: string, email: string, password: string): Promise<void> {
  await call("POST", "/api/auth/register", { username, email, password });
  await signIn(username, password);
}

let isLeaving = false;

// The server has closed a connection because of its token: is it only that one, or the session?
export async function check(): Promise<void> {
  // Exchanging the token closes it as well, and signing out.
  await exchange;
  if (!isLeaving) await refresh();
}

// What ends this session, and its connection with it, some moments before that is known here.
export async function leave(how: () => Promise<unknown>): Promise<void> {
  isLeaving = true;
  try {
    await how();
    forget("");
  } finally {
    isLeaving = false;
  }
}

export function signOut(): Promise<void> {
  return leave(async () => {
    try {
      await call("POST", "/api/auth/logout");
    } catch (error) {
      // Already over: that is what was wanted.
      if (!(error instanceof ApiError && error.status === 401)) throw error;
    }
  });
}

// Nobody is signed in here any more; why, for whoever reads the page that asks to sign in.
export function forget(why: string): void {
  remember(null);
  notice.value = why;
  me.value = null;
}
