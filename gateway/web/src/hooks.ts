// What several views do with the server.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isPassing } from "./api.ts";

export interface Loaded<T> {
  data: T | undefined;
  error: string;
  reload: () => Promise<void>;
  set: (data: T) => void;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 8_000;

// Asks when it is shown and when the key changes; an answer that is overtaken by another is dropped. While
// the server is away, it is asked again by itself.
export function useLoaded<T>(key: string, ask: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ data: T | undefined; error: string }>({ data: undefined, error: "" });
  const latest = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const wait = useRef(FIRST_WAIT_MS);
  const asking = useRef(ask);
  asking.current = ask;
  const reload = useCallback(async () => {
    const number = ++latest.current;
    clearTimeout(timer.current);
    try {
      const data = await asking.current();
      if (number !== latest.current) return;
      wait.current = FIRST_WAIT_MS;
      setState({ data, error: "" });
    } catch (error) {
      if (number !== latest.current) return;
      setState((s) => ({ ...s, error: textOf(error) }));
      if (!isPassing(error)) return;
      timer.current = setTimeout(() => void reload(), wait.current);
      wait.current = Math.min(2 * wait.current, MAX_WAIT_MS);
    }
  }, []);
  useEffect(() => {
    void reload();
    return () => {
      latest.current++;
      clearTimeout(timer.current);
    };
  }, [key]);
  return { ...state, reload, set: (data) => setState({ data, error: "" }) };
}

export interface Deed {
  busy: boolean;
  error: string;
  field: string;
  run: (what: () => Promise<unknown>) => Promise<boolean>;
}

// Something that somebody does: once at a time, with what went wrong beside it.
export function useDeed(): Deed {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ error: string; field: string }>({ error: "", field: "" });
  const running = useRef(false);
  async function run(what: () => Promise<unknown>): Promise<boolean> {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setFailure({ error: "", field: "" });
    try {
      await what();
      return true;
    } catch (error) {
      const field = error instanceof Object && "field" in error ? String(error.field) : "";
      setFailure({ error: textOf(error), field });
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }
  return { busy, ...failure, run };
}

export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Socializer" : `${title} · Socializer`;
  }, [title]);
}
