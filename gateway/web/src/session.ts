// Who is signed in. The session is the cookie; the token of the answer is not kept anywhere.
import { signal } from "@preact/signals";
import { ApiError, call, whenSignedOut } from "./api.ts";
import type { User } from "./wire.ts";

// undefined: not known yet. null: nobody.
export const me = signal<User | null | undefined>(undefined);
// Why somebody is asked to sign in again.
export const notice = signal("");

whenSignedOut(() => {
  if (me.value) notice.value = "Your session has ended. Please sign in again.";
  me.value = null;
  remember(false);
});

// Script cannot see the cookie. That there has been one is remembered, so that who comes for the first
// time is not asked for in vain.
const HINT = "signed-in";

function remember(isSignedIn: boolean): void {
  try {
    if (isSignedIn) localStorage.setItem(HINT, "yes");
    else localStorage.removeItem(HINT);
  } catch {
    // Storage is forbidden: then everybody signs in anew.
  }
}

function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return false;
  }
}

// When the page opens.
export async function resume(): Promise<void> {
  if (wasSignedIn()) await refresh();
  else me.value = null;
}

// Asks the server; keeps who is known while it cannot be asked.
export async function refresh(): Promise<void> {
  try {
    me.value = await call<User>("GET", "/api/users/me");
    remember(true);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) me.value = null;
    else throw error;
  }
}

export async function signIn(username: string, password: string): Promise<void> {
  await call("POST", "/api/auth/login", { username, password });
  notice.value = "";
  await refresh();
}

export async function register(username: string, email: string, password: string): Promise<void> {
  await call("POST", "/api/auth/register", { username, email, password });
  await signIn(username, password);
}

let isLeaving = false;

// The server has closed a connection because of its token: is it only that one, or the session?
export async function check(): Promise<void> {
  // Signing out closes it as well.
  if (!isLeaving) await refresh();
}

export async function signOut(): Promise<void> {
  isLeaving = true;
  try {
    await call("POST", "/api/auth/logout");
  } catch (error) {
    // Already over: that is what was wanted.
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  } finally {
    isLeaving = false;
  }
  remember(false);
  notice.value = "";
  me.value = null;
}
